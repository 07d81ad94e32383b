// Client secrets of the profiles: kept in the vault, read when an application proves itself.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { ClientCredential } from '../identity/client-application.ts'
import { looksLikeSecretId } from '../terms/client-secret.ts'
import type { Profile } from '../terms/profile.ts'
import type { VaultDocument } from '../vault/vault-document.ts'
import { secretEntry } from './vault-entries.ts'

export type Secrets = {
  /** Keeps the secret of a profile's registration. Rejects with secret-not-wanted, secret-is-id, or as the vault does. */
  set(profile: string, secret: string): Promise<void>
  /** Forgets it; false when there was none. */
  remove(profile: string): Promise<boolean>
  /** Every profile that needs a secret, and whether one is kept. Never the secret. */
  list(): { profile: string; kept: boolean }[]
}

export function createSecrets(profiles: ReadonlyMap<string, Profile>, document: VaultDocument): Secrets {
  const profileOf = (name: string): Profile => {
    const profile = profiles.get(name)
    if (!profile) throw new HallpassError('no-such-profile', { profile: name, profiles: [...profiles.keys()].join(', ') })
    if (profile.credential !== 'secret') throw new HallpassError('secret-not-wanted', { profile: name, credential: profile.credential })
    return profile
  }
  return {
    set: async (name, secret) => {
      const profile = profileOf(name)
      if (looksLikeSecretId(secret)) throw new HallpassError('secret-is-id')
      document.set(secretEntry(profile), secret)
      await document.flush()
    },
    remove: async name => {
      const entry = secretEntry(profileOf(name))
      const kept = document.get(entry) !== undefined
      document.set(entry, undefined)
      await document.flush()
      return kept
    },
    list: () =>
      [...profiles.values()]
        .filter(({ credential }) => credential === 'secret')
        .map(profile => ({ profile: profile.name, kept: document.get(secretEntry(profile)) !== undefined })),
  }
}

/** AZURE_CLIENT_SECRET, and the application that AZURE_CLIENT_ID says it belongs to. */
export type EnvironmentSecret = { secret: string; clientId: string | undefined }

/** The credential of a profile: from the vault, else from the environment when that is meant for this application. */
export function credentialOf(
  profile: Profile,
  document: VaultDocument,
  environment: EnvironmentSecret | undefined,
): ClientCredential | undefined {
  const fits = environment && (environment.clientId === undefined || environment.clientId.toLowerCase() === profile.clientId.toLowerCase())
  const secret = document.get(secretEntry(profile)) ?? (fits ? environment.secret : undefined)
  return secret === undefined ? undefined : { kind: 'secret', secret }
}
