// What an application proves itself with now: from the vault, else from the environment, the newest first, what has expired left out.
import { HallpassError } from '../../errors/hallpass-error.ts'
import { describeCertificate, type KeyAndChain } from '../../identity/certificates/client-certificate.ts'
import type { ClientCredential, UsableCredentials } from '../../identity/client-application.ts'
import { looksLikeSecretId } from '../../terms/client-secret.ts'
import { dateOf } from '../../terms/expiry.ts'
import type { Profile } from '../../terms/profile.ts'
import type { Keepers } from './keepers.ts'
import { readCertificates, readSecrets } from './records.ts'

type Sources = Pick<Keepers, 'document' | 'clock' | 'environment'>

/** The credentials of a profile and, when there are none, why. Throws nothing: whoever asks for status wants an answer too. */
export function credentialsOf(profile: Profile, sources: Sources): UsableCredentials {
  try {
    if (profile.credential === 'secret') return secretsOf(profile, sources)
    return profile.credential === 'certificate' ? certificatesOf(profile, sources) : { usable: [] }
  } catch (error) {
    if (error instanceof HallpassError) return { usable: [], reason: error }
    throw error
  }
}

function secretsOf(profile: Profile, { document, environment }: Sources): UsableCredentials {
  const kept = readSecrets(profile, document).map(({ value }) => value)
  const given = environment.secretFor(profile)
  const all = kept.length || given === undefined ? kept : [given]
  // No date keeps a secret back: what was recorded may be wrong, and Entra ID knows.
  const secrets = all.filter(secret => !looksLikeSecretId(secret))
  if (all.length > 0 && secrets.length === 0) return { usable: [], reason: new HallpassError('secret-is-id') }
  const fix = `Put the secret into the vault: \`hallpass secret set ${profile.name}\`.`
  return { usable: secrets.map(secret => ({ kind: 'secret', secret })), reason: missing(profile, 'client secret', fix) }
}

function certificatesOf(profile: Profile, { document, clock, environment }: Sources): UsableCredentials {
  const kept = readCertificates(profile, document)
  const given = kept.length ? undefined : environment.certificateFor(profile)
  if (given instanceof HallpassError) throw given
  const all = given ? [given] : kept
  const now = clock.now()
  const ends = all.map(({ chain }) => describeCertificate(chain[0] ?? '').notAfter)
  const usable = all.filter((_, index) => now < (ends[index] ?? 0)).map(asCredential)
  const fix = `Make one (\`hallpass cert new ${profile.name}\`), or bring yours (\`hallpass cert import ${profile.name} FILE\`).`
  const reason = ends.length
    ? new HallpassError('credential-expired', {
        profile: profile.name,
        kind: 'certificate',
        date: dateOf(Math.max(...ends)),
        note: '',
        fix,
      })
    : missing(profile, 'certificate', fix)
  return { usable, reason }
}

function asCredential({ privateKey, chain, sendChain }: KeyAndChain & { sendChain: boolean }): ClientCredential {
  return {
    kind: 'certificate',
    privateKey,
    thumbprintSha256: describeCertificate(chain[0] ?? '').thumbprints.sha256,
    ...(sendChain && { chain: chain.join('') }),
  }
}

function missing({ name }: Profile, kind: string, fix: string): HallpassError {
  return new HallpassError('credential-missing', { profile: name, kind, fix })
}
