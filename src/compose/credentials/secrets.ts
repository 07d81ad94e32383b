// Client secrets of the profiles: kept in the vault, two side by side while one takes the other's place.
import { HallpassError } from '../../errors/hallpass-error.ts'
import { looksLikeSecretId } from '../../terms/client-secret.ts'
import { day } from '../../terms/expiry.ts'
import type { Profile } from '../../terms/profile.ts'
import { forgetOwnTokens, type Keepers, keptOrNone, profileWith } from './keepers.ts'
import { type KeptSecret, readSecrets, writeSecrets } from './records.ts'

/** What the portal proposes for a new secret (Register a client application, Microsoft Learn), in milliseconds. */
const usualLife = 180 * day

/** Secrets that a registration keeps at most: the new one, and the one that it replaces. */
const most = 2

/** What may be told of a secret. Times are milliseconds since the epoch, null where nobody said. `inUse`: Entra ID took it last. */
export type SecretFacts = { set: number | null; expires: number | null; assumed: boolean; inUse: boolean }

/** What a profile that takes secrets has, the newest first; and whether AZURE_CLIENT_SECRET stands in where there is none. */
export type SecretsOfProfile = { profile: string; kept: SecretFacts[]; environment: boolean }

export type Secrets = {
  /**
   * Keeps a secret before the one that was there; what is older than that goes. Without `expires` 180 days are assumed. Resolves when it rests in
   * the vault. Rejects with secret-not-wanted, secret-is-id, or as the vault does.
   */
  set(profile: string, secret: string, expires?: number): Promise<SecretsOfProfile>
  /** Forgets the secrets, or only those before the newest; gives how many there were. */
  remove(profile: string, only?: 'previous'): Promise<number>
  /** Every profile that takes secrets. Never a secret. */
  list(): SecretsOfProfile[]
}

export function createSecrets(keepers: Keepers): Secrets {
  const { profiles, document, clock, rotation, environment } = keepers
  const profileOf = (name: string) => profileWith(keepers, name, 'secret')
  const report = (profile: Profile): SecretsOfProfile => {
    const kept = readSecrets(profile, document)
    const used = rotation.inUse(profile)
    const facts = kept.map(({ value, set, expires, assumed }) => ({ set, expires, assumed, inUse: value === used }))
    return { profile: profile.name, kept: facts, environment: kept.length === 0 && environment.secretFor(profile) !== undefined }
  }
  return {
    set: async (name, text, expires) => {
      const profile = profileOf(name)
      const value = text.trim()
      if (looksLikeSecretId(value)) throw new HallpassError('secret-is-id')
      const now = clock.now()
      const newest = { value, set: now, expires: expires ?? now + usualLife, assumed: expires === undefined }
      const others = keptOrNone(() => readSecrets(profile, document)).filter(kept => kept.value !== value && mayServe(kept, now))
      writeSecrets(profile, document, [newest, ...others].slice(0, most))
      forgetOwnTokens(keepers, profile)
      await document.flush()
      return report(profile)
    },
    remove: async (name, only) => {
      const profile = profileOf(name)
      const kept = keptOrNone(() => readSecrets(profile, document))
      const staying = only === 'previous' ? kept.slice(0, 1) : []
      writeSecrets(profile, document, staying)
      forgetOwnTokens(keepers, profile)
      await document.flush()
      return kept.length - staying.length
    },
    list: () => [...profiles.values()].filter(({ credential }) => credential === 'secret').map(report),
  }
}

/** An end that was only assumed ends nothing. */
function mayServe({ expires, assumed }: KeptSecret, now: number): boolean {
  return expires === null || assumed || now < expires
}
