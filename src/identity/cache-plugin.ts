// MSAL's token cache, kept in the vault. It never throws into MSAL: a plug-in that throws loses the sign-in.
import type { ICachePlugin } from '@azure/msal-node'

/** The part of the vault document that belongs to one profile. `set` takes effect at once; the write to the store follows. */
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

function isCache(text: string): boolean {
  try {
    const cache: unknown = JSON.parse(text)
    return typeof cache === 'object' && cache !== null
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}
