// `hallpass cert import`: a certificate with its private key from a file of the user's own into the vault.
import { resolve } from 'node:path'
import { confirmThumbprint, readCertificateFiles, refuseCertificateId } from '../compose/credentials/certificate-files.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { dateOf, describeDistance } from '../terms/expiry.ts'
import { withCredentials } from './credential-access.ts'
import { type Arguments, type Command, exitCodes, type Io } from './io.ts'
import { lines } from './lines.ts'

export const importCertificate: Command = async (io, args) => {
  const [, profile = '', ...files] = args.words
  if (files.length === 0)
    throw new HallpassError('usage', { what: 'Name the file: `hallpass cert import PROFILE FILE`.', command: 'hallpass cert' })
  const { thumbprint } = args.flags
  if (thumbprint !== undefined) refuseCertificateId(thumbprint)
  const material = await readWithPassword(
    files.map(file => resolve(io.cwd, file)),
    io,
    args,
  )
  if (thumbprint !== undefined) confirmThumbprint(material, thumbprint)
  return withCredentials(io, args, async ({ certificates, where }) => {
    const { kept } = await certificates.add(profile, { ...material, sendChain: args.switches.has('send-chain') })
    const [newest, previous] = kept
    if (!newest) throw new HallpassError('internal', { what: 'the certificate that was just imported is not there' })
    io.err(`The certificate of ${profile} rests in ${where}, with its private key.\n\n`)
    io.out(
      lines([
        ['subject', newest.subject],
        ['SHA-1', newest.thumbprints.sha1],
        ['SHA-256', newest.thumbprints.sha256],
        ['expires', `${dateOf(newest.notAfter)}, ${describeDistance(newest.notAfter, Date.now())}`],
      ]),
    )
    io.err(`\nThe file still holds the private key: delete it when nothing else needs it.\n`)
    if (previous)
      io.err(`Until Entra ID takes it, the certificate before it serves. Then: \`hallpass cert remove ${profile} --previous\`.\n`)
    return exitCodes.ok
  })
}

/** The password comes from the environment, from standard input when that is asked for, or from a person; it is asked for only when it is needed. */
async function readWithPassword(files: readonly string[], io: Io, { switches }: Arguments) {
  const piped = switches.has('password-stdin')
  const given = piped ? await io.readSecret('') : io.environmentCertificate?.password
  try {
    return await readCertificateFiles(files, given)
  } catch (error) {
    const mayAsk = given === undefined && io.inIsTerminal && io.errIsTerminal && !io.env.HALLPASS_NO_USER
    if (!(error instanceof HallpassError) || error.code !== 'certificate-password-missing' || !mayAsk) throw error
    const typed = await io.readSecret('Password of the file: ')
    if (!typed) throw error
    return readCertificateFiles(files, typed)
  }
}
