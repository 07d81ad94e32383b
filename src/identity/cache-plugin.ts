// MSAL's token cache, kept in the vault. It never throws into MSAL: a plug-in that throws loses the sign-in.
import type { ICachePlugin } from '@azure/msal-node'

/** The part of the vault document that belongs to one profile. `set` takes effect at once; the write to the store follows. Nothing here throws. */
export type CacheEntry = { get(): string | undefined; set(text: string | undefined): void; setAside(text: string): void }

/** A cache plug-in over one entry. What MSAL cannot read is set aside, not deleted. */
export function createCachePlugin(entry: CacheEntry): ICachePlugin {
  return {
    beforeCacheAccess: async context => {
      const text = entry.get()
      if (text === undefined) return
      if (isCache(text)) context.tokenCache.deserialize(text)
      else {
        entry.setAside(text)
        entry.set(undefined)
      }
    },
    afterCacheAccess: async context => {
      if (context.cacheHasChanged) entry.set(context.tokenCache.serialize())
    },
  }
}

/** An entry that can be let go: a token that comes after a sign-out stays out of the vault. */
export function detachable(entry: CacheEntry): CacheEntry & { detach(): void } {
  let attached = true
  return {
    get: () => (attached ? entry.get() : undefined),
    set: text => {
      if (attached) entry.set(text)
    },
    setAside: text => {
      if (attached) entry.setAside(text)
    },
    detach: () => {
      attached = false
    },
  }
}

const credential = ['home_account_id', 'environment', 'client_id', 'credential_type', 'secret']

/** The sections of MSAL's cache, and the texts without which an entry of each is none. */
const sections: Readonly<Record<string, readonly string[]>> = {
  Account: ['home_account_id', 'environment', 'realm', 'local_account_id', 'username', 'authority_type'],
  IdToken: credential,
  AccessToken: [...credential, 'realm', 'target', 'cached_at', 'expires_on'],
  RefreshToken: credential,
  AppMetadata: ['client_id', 'environment'],
}

/** True for what MSAL reads without throwing, now or later, when it looks for a token in it. */
function isCache(text: string): boolean {
  const cache = parseRecord(text)
  return Object.entries(sections).every(([name, texts]) => {
    const section = cache?.[name]
    if (!cache || section === undefined) return cache !== undefined
    return isRecord(section) && Object.values(section).every(entry => isRecord(entry) && isEntry(entry, texts))
  })
}

/** Every field of an entry is a text, numbers too, but for the two lists. */
function isEntry(
  { tenantProfiles = [], additionalCacheKeyComponents = {}, ...fields }: Record<string, unknown>,
  texts: readonly string[],
): boolean {
  const profiles = Array.isArray(tenantProfiles) && tenantProfiles.every(text => typeof text === 'string' && parseRecord(text))
  const times = ['cached_at', 'expires_on', 'extended_expires_on', 'refresh_on'].every(name => /^\d{1,12}$/.test(String(fields[name] ?? 0)))
  const all = Object.values(fields).every(field => typeof field === 'string') && fields.secret !== ''
  return (
    profiles && times && all && isRecord(additionalCacheKeyComponents) && texts.every(name => name in fields) && hasReadableToken(fields)
  )
}

/** MSAL reads what an identity token says (RFC 7519). */
function hasReadableToken({ credential_type: type, secret }: Record<string, unknown>): boolean {
  return type !== 'IdToken' || parseRecord(Buffer.from(String(secret).split('.')[1] ?? '', 'base64url').toString('utf8')) !== undefined
}

function parseRecord(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
