// The grants of the token endpoint, by `grant_type`: each turns a request into what tokens are issued for, or throws.
import { createHash } from 'node:crypto'
import type { AuthorizationServer } from './authorization-server.ts'
import type { Application } from './directory.ts'
import { EntraError } from './entra-error.ts'
import type { Parameters } from './parameters.ts'
import { parseScopes, type ScopeRequest } from './scopes.ts'
import type { TokenIssue } from './tokens.ts'

export type Grant = (server: AuthorizationServer, application: Application, parameters: Parameters) => TokenIssue

const authorizationCode: Grant = (server, application, { required, optional }) => {
  const code = server.codes.get(required('code'))
  const redirectUri = required('redirect_uri')
  if (!code) throw new EntraError(70008)
  if (code.application !== application) throw new EntraError(70000)
  if (redirectUri !== code.redirectUri) throw new EntraError(500112, redirectUri, code.redirectUri)
  if (challengeOf(optional('code_verifier') ?? '') !== code.codeChallenge) throw new EntraError(501481)
  if (code.redeemed) throw new EntraError(54005)
  if (code.expires <= server.clock()) throw new EntraError(70008)
  const scopes = scopesOf(server, application, optional('scope'), code.scopes)
  code.redeemed = true
  const { person, nonce, wantsClientInfo } = code
  return {
    application,
    person,
    scopes,
    nonce,
    refreshable: code.scopes.offlineAccess,
    wantsClientInfo: wantsClientInfo || asksClientInfo(optional),
  }
}

/** Whichever resource the refresh token was first for, it serves any; the old one stays good (Refresh tokens, Microsoft Learn). */
const refreshToken: Grant = (server, application, { required, optional }) => {
  const token = server.refreshTokens.get(required('refresh_token'))
  if (!token) throw new EntraError(70008)
  if (token.application !== application) throw new EntraError(70000)
  const idle = server.clock() - token.issued
  if (token.expires <= server.clock())
    throw new EntraError(700082, new Date(token.issued).toISOString(), `${Math.floor(idle / 1000)} seconds`)
  const scopes = scopesOf(server, application, optional('scope'), token.scopes)
  return { application, person: token.person, scopes, nonce: undefined, refreshable: true, wantsClientInfo: asksClientInfo(optional) }
}

/** Grants by the value of `grant_type`. */
export const grants: ReadonlyMap<string, Grant> = new Map([
  ['authorization_code', authorizationCode],
  ['refresh_token', refreshToken],
])

function scopesOf({ directory }: AuthorizationServer, application: Application, scope: string | undefined, before: ScopeRequest) {
  return scope === undefined ? before : parseScopes(directory, application, scope)
}

const asksClientInfo = (optional: Parameters['optional']): boolean => optional('client_info') === '1'

/** RFC 7636 section 4.6, method S256. */
const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url')
