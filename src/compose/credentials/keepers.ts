// What the keepers of secrets and of certificates work on.
import { HallpassError } from '../../errors/hallpass-error.ts'
import type { Clock } from '../../terms/edges.ts'
import type { Profile } from '../../terms/profile.ts'
import type { VaultDocument } from '../../vault/vault-document.ts'
import { cacheEntry } from '../vault-entries.ts'
import type { EnvironmentCredentials } from './environment.ts'
import type { Rotation } from './rotation.ts'

export type Keepers = {
  profiles: ReadonlyMap<string, Profile>
  document: VaultDocument
  clock: Pick<Clock, 'now'>
  rotation: Rotation
  environment: EnvironmentCredentials
}

/** The profile of this name, which takes credentials of this kind. Throws no-such-profile, secret-not-wanted or certificate-not-wanted. */
export function profileWith({ profiles }: Keepers, name: string, kind: 'secret' | 'certificate'): Profile {
  const profile = profiles.get(name)
  if (!profile) throw new HallpassError('no-such-profile', { profile: name, profiles: [...profiles.keys()].join(', ') })
  if (profile.credential !== kind) throw new HallpassError(`${kind}-not-wanted`, { profile: name, credential: profile.credential })
  return profile
}

/**
 * Forgets the tokens that the application got for itself with an earlier credential: the next one proves the new credential at once, not in an hour.
 * Whoever is signed in stays so.
 */
export function forgetOwnTokens({ profiles, document }: Keepers, { tenantId, clientId }: Profile): void {
  for (const profile of profiles.values())
    if (profile.flow === 'client-credentials' && profile.tenantId === tenantId && profile.clientId === clientId)
      document.set(cacheEntry(profile), undefined)
}

/** What is kept; nothing where it cannot be read, so that what is put in or taken out takes its place. */
export function keptOrNone<T>(read: () => T[]): T[] {
  try {
    return read()
  } catch (error) {
    if (error instanceof HallpassError && error.code === 'credential-unreadable') return []
    throw error
  }
}
