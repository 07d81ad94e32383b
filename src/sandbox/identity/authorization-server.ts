// What the endpoints of the identity provider share: the directory, the key, the clock, and what is under way.
import type { IncomingMessage } from 'node:http'
import type { Application, Directory, DirectoryPerson } from './directory.ts'
import { ExpiringMap } from './expiring-map.ts'
import type { ScopeRequest } from './scopes.ts'
import type { SigningKey } from './signing-key.ts'

/** An authorization request that passed every check and waits for a person. */
export type PendingAuthorization = {
  application: Application
  redirectUri: string
  responseMode: 'query' | 'fragment' | 'form_post'
  state: string | undefined
  nonce: string | undefined
  /** RFC 7636, method S256. */
  codeChallenge: string
  scopes: ScopeRequest
  wantsClientInfo: boolean
}

type IssuedCode = PendingAuthorization & { person: DirectoryPerson; expires: number; redeemed: boolean }

/** Bound to user and client, not to a resource (Refresh tokens in the Microsoft identity platform, Microsoft Learn). */
type IssuedRefreshToken = {
  application: Application
  person: DirectoryPerson
  scopes: ScopeRequest
  issued: number
  expires: number
}

export type AuthorizationServer = {
  directory: Directory
  key: SigningKey
  /** Milliseconds since the epoch. */
  clock: () => number
  /** `http://localhost:PORT`, known once it listens. */
  origin: () => string
  accessTokenSeconds: () => number
  refreshTokenSeconds: number
  noteGrant: (request: IncomingMessage, grantType: string) => void
  /** Sign-in pages that are open, by their ticket. */
  tickets: ExpiringMap<PendingAuthorization>
  codes: ExpiringMap<IssuedCode>
  refreshTokens: ExpiringMap<IssuedRefreshToken>
}

export type AuthorizationServerParts = Omit<AuthorizationServer, 'tickets' | 'codes' | 'refreshTokens'>

const ticketLife = 10 * 60_000
export const codeLife = 10 * 60_000

/** Codes and refresh tokens are remembered for longer than they are good, so that a late one is called expired instead of unknown. */
export function createAuthorizationServer(parts: AuthorizationServerParts): AuthorizationServer {
  const map = <Value>(keep: number, capacity: number) => new ExpiringMap<Value>({ keep, capacity, clock: parts.clock })
  return {
    ...parts,
    tickets: map(ticketLife, 1_000),
    codes: map(6 * codeLife, 1_000),
    refreshTokens: map(2 * 1000 * parts.refreshTokenSeconds, 10_000),
  }
}
