// Everything about the credentials of one configuration's profiles: keeping them, proving with them, and when they end.

import type { CredentialReport } from '../../control/client/wire.ts'
import { describeCertificate } from '../../identity/certificates/client-certificate.ts'
import type { ClientCredential, UsableCredentials } from '../../identity/client-application.ts'
import type { Profile } from '../../terms/profile.ts'
import type { VaultDocument } from '../../vault/vault-document.ts'
import type { Edges } from '../edges.ts'
import { type Certificates, createCertificates } from './certificates.ts'
import { type Deadline, warningOf } from './deadlines.ts'
import { type EnvironmentGiven, readEnvironment } from './environment.ts'
import { type Keepers, keptOrNone } from './keepers.ts'
import { readCertificates, readSecrets } from './records.ts'
import type { Rotation } from './rotation.ts'
import { createSecrets, type Secrets } from './secrets.ts'
import { credentialsOf } from './serving.ts'

export type Credentials = {
  secrets: Secrets
  certificates: Certificates
  /** What the profile's application can prove itself with now. */
  of(profile: Profile): UsableCredentials
  /** Entra ID took one and refused these newer ones right before. */
  proved(profile: Profile, taken: ClientCredential, refused: readonly ClientCredential[]): void
  /** The end of the credential that serves, for each profile that has one. */
  deadlines(): Deadline[]
  /** The same for one profile, as `status` tells it. */
  report(profile: string): CredentialReport | null
}

/** The credentials of these profiles; reads the file of AZURE_CLIENT_CERTIFICATE_PATH when one of them would use it, and tells what is wrong with it. */
export async function composeCredentials(
  profiles: ReadonlyMap<string, Profile>,
  { edges, document, rotation }: { edges: Pick<Edges, 'clock' | 'tell'> & EnvironmentGiven; document: VaultDocument; rotation: Rotation },
): Promise<Credentials> {
  const { clock, tell } = edges
  const environment = await readEnvironment(edges, [...profiles.values()], clock.now())
  const { trouble } = environment
  if (trouble) tell({ event: 'credential-trouble', code: trouble.code, summary: trouble.summary, remedy: trouble.remedy })
  return createCredentials({ profiles, document, clock, rotation, environment })
}

function createCredentials(keepers: Keepers): Credentials {
  const { profiles, rotation, clock } = keepers
  const deadlines = () => [...profiles.values()].flatMap(profile => deadlineOf(profile, keepers) ?? [])
  return {
    secrets: createSecrets(keepers),
    certificates: createCertificates(keepers),
    of: profile => credentialsOf(profile, keepers),
    proved: rotation.proved,
    deadlines,
    report: name => {
      const deadline = deadlines().find(({ profile }) => profile === name)
      if (!deadline) return null
      const { kind, expiresAt, assumed, previous } = deadline
      const warning = warningOf(deadline, clock.now())?.summary ?? null
      return { kind, expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(), assumed, previous, warning }
    },
  }
}

/** A credential that waits beside another is nobody's concern: the newest serves, or where Entra ID does not take it yet, the one before it. */
function deadlineOf(profile: Profile, keepers: Keepers): Deadline | undefined {
  const ends = keptOrNone(() => endsOf(profile, keepers))
  const previous = keepers.rotation.fellBack(profile)
  const end = (previous ? ends[1] : undefined) ?? ends[0]
  return end && profile.credential !== 'none' ? { profile: profile.name, kind: profile.credential, ...end, previous } : undefined
}

function endsOf(profile: Profile, { document, environment }: Keepers): { expiresAt: number | null; assumed: boolean }[] {
  if (profile.credential === 'secret')
    return readSecrets(profile, document).map(({ expires, assumed }) => ({ expiresAt: expires, assumed }))
  if (profile.credential === 'none') return []
  const kept = readCertificates(profile, document)
  const given = kept.length ? undefined : environment.certificateFor(profile)
  const chains = given && 'chain' in given ? [given.chain] : kept.map(({ chain }) => chain)
  return chains.map(chain => ({ expiresAt: describeCertificate(chain[0] ?? '').notAfter, assumed: false }))
}
