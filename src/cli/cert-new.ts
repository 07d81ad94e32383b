// `hallpass cert new`: a key pair with a self-signed certificate; the private key into the vault, the public part into files to upload.
import { resolve } from 'node:path'
import { keySizes, newCertificate, writePublicFiles } from '../compose/credentials/new-certificate.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { dateOf, describeDistance } from '../terms/expiry.ts'
import { printable } from '../terms/printable.ts'
import { withCredentials } from './credential-access.ts'
import { type Arguments, type Command, exitCodes } from './io.ts'
import { lines } from './lines.ts'
import { outputFormat } from './parse.ts'

export const makeNewCertificate: Command = async (io, args) => {
  const [, profile = ''] = args.words
  const format = outputFormat(args, 'cert')
  const wish = { bits: keySizeOf(args), days: daysOf(args), now: Date.now() }
  const folder = resolve(io.cwd, args.flags.out ?? '.')
  return withCredentials(io, args, async ({ certificates, where }) => {
    // Whether the profile takes one is known before a file lies about.
    const material = await newCertificate(profile, wish)
    const { clientId, kept } = await certificates.add(profile, { ...material, sendChain: false })
    const [newest, previous] = kept
    if (!newest) throw new HallpassError('internal', { what: 'the certificate that was just made is not there' })
    const files = writePublicFiles(folder, profile, newest.pem)
    if (format === 'json') {
      const { thumbprints, notAfter } = newest
      io.out(
        `${JSON.stringify({ version: 1, profile, clientId, thumbprints, notAfter: new Date(notAfter).toISOString(), files }, null, 2)}\n`,
      )
      return exitCodes.ok
    }
    io.err(`The private key for ${profile} (RSA, ${newest.bits} bits) rests in ${where}, and nowhere else.\n\n`)
    io.out(
      lines([
        ['public part', `${printable(files.der)} (DER)`],
        ['', `${printable(files.pem)} (PEM)`],
        ['SHA-1', newest.thumbprints.sha1],
        ['SHA-256', newest.thumbprints.sha256],
        ['expires', `${dateOf(newest.notAfter)}, ${describeDistance(newest.notAfter, wish.now)}`],
      ]),
    )
    io.err(`\nNow upload the public part, by one of these:\n\n${uploadLines(clientId, files.pem)}\n`)
    io.err(
      previous
        ? `Until Entra ID takes it, the certificate before it serves. Then: \`hallpass cert remove ${profile} --previous\`.\n`
        : 'Entra ID takes some minutes until it knows a new certificate.\n',
    )
    return exitCodes.ok
  })
}

/** Where a public part is uploaded. Without `--append`, az would remove every other credential of the registration. */
export function uploadLines(clientId: string, pemFile: string): string {
  return lines([
    ['portal', `Microsoft Entra ID > App registrations > ${clientId} > Certificates & secrets > Certificates`],
    ['az', `az ad app credential reset --id ${clientId} --cert "@${printable(pemFile)}" --append`],
  ])
}

function keySizeOf({ flags }: Arguments): (typeof keySizes)[number] {
  const size = keySizes.find(bits => String(bits) === (flags.bits ?? '3072'))
  if (size) return size
  throw new HallpassError('usage', { what: `--bits takes ${keySizes.join(', ')}.`, command: 'hallpass cert' })
}

function daysOf({ flags }: Arguments): number {
  const text = flags.days ?? '180'
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (days >= 1 && days <= 730) return days
  throw new HallpassError('usage', { what: '--days takes a whole number from 1 to 730.', command: 'hallpass cert' })
}
