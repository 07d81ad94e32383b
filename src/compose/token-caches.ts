// MSAL's token caches in the vault, across changes of the configuration: what an older assembly brings after a sign-out is not kept.
import type { VaultDocument } from '../vault/vault-document.ts'

export type TokenCache = {
  get(): string | undefined
  set(text: string | undefined): void
  /** From here on whoever opened the same one before reads nothing and writes nothing. */
  forget(): void
}

export type TokenCaches = { open(entry: string): TokenCache }

/** Threat: a renewal of before the change, which nobody of after it can end, puts a refresh token back behind a sign-out. */
export function createTokenCaches(document: Pick<VaultDocument, 'get' | 'set'>): TokenCaches {
  /** How often each was forgotten. */
  const forgotten = new Map<string, number>()
  const timesOf = (entry: string) => forgotten.get(entry) ?? 0
  return {
    open: entry => {
      let known = timesOf(entry)
      return {
        get: () => (timesOf(entry) === known ? document.get(entry) : undefined),
        set: text => {
          if (timesOf(entry) === known) document.set(entry, text)
        },
        forget: () => {
          known = timesOf(entry) + 1
          forgotten.set(entry, known)
          document.set(entry, undefined)
        },
      }
    },
  }
}
