// `hallpass cert show`: the public part of a profile's certificate on stdout, ready to upload; thumbprints and dates beside it.
import type { CertificatesOfProfile } from '../compose.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { dateOf, describeDistance } from '../terms/expiry.ts'
import { withCredentials } from './credential-access.ts'
import { type Command, exitCodes } from './io.ts'
import { lines } from './lines.ts'
import { outputFormat } from './parse.ts'

export const showCertificates: Command = async (io, args) => {
  const [, profile = ''] = args.words
  const format = outputFormat(args, 'cert')
  return withCredentials(io, args, async ({ certificates }) => {
    const all = await certificates.list()
    const found = all.find(candidate => candidate.profile === profile)
    if (!found)
      throw new HallpassError('no-such-profile', {
        profile: `${profile} that takes a certificate`,
        profiles: all.map(({ profile }) => profile).join(', ') || 'none',
      })
    const [newest] = found.kept
    if (!newest) throw new HallpassError('certificate-not-kept', { profile })
    if (format === 'json') io.out(`${JSON.stringify(inJson(found), null, 2)}\n`)
    else {
      io.err(describe(found, Date.now()))
      io.out(newest.pem)
    }
    return exitCodes.ok
  })
}

function describe({ kept, environment }: CertificatesOfProfile, now: number): string {
  return kept
    .map((certificate, index) => {
      const { subject, thumbprints, bits, notBefore, notAfter, added, inUse } = certificate
      const place = environment ? 'AZURE_CLIENT_CERTIFICATE_PATH' : index > 0 ? 'previous' : kept.length > 1 ? 'newest' : 'kept'
      return `${lines([
        ['certificate', `${place}${inUse ? ', in use' : ''}`],
        ['subject', `${subject}, RSA ${bits}`],
        ['SHA-1', thumbprints.sha1],
        ['SHA-256', thumbprints.sha256],
        [
          'valid',
          `${dateOf(notBefore)} to ${dateOf(notAfter)}, ${now >= notAfter ? 'expired ' : 'expires '}${describeDistance(notAfter, now)}`,
        ],
        ...(added === null ? [] : [['added', dateOf(added)] as const]),
      ])}\n`
    })
    .join('')
}

function inJson({ profile, clientId, kept, environment }: CertificatesOfProfile) {
  const iso = (time: number) => new Date(time).toISOString()
  const certificates = kept.map(({ notBefore, notAfter, added, ...rest }) => ({
    ...rest,
    notBefore: iso(notBefore),
    notAfter: iso(notAfter),
    added: added === null ? null : iso(added),
  }))
  return { version: 1, profile, clientId, environment, certificates }
}
