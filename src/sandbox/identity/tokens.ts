// Makes the token response: an access token as the health services get it (version 1.0), and a version 2.0 id_token.
// (Access token claims reference; ID token claims reference, Microsoft Learn)
import { createHash, randomBytes } from 'node:crypto'
import type { AuthorizationServer } from './authorization-server.ts'
import type { Application, DirectoryPerson } from './directory.ts'
import type { ScopeRequest } from './scopes.ts'

/** To whom, through which application, for what. */
export type TokenIssue = {
  application: Application
  person: DirectoryPerson
  scopes: ScopeRequest
  nonce: string | undefined
  /** Whether the person's first sign-in asked for offline_access. */
  refreshable: boolean
  wantsClientInfo: boolean
}

/** The body of RFC 6749 section 5.1, with Entra's `ext_expires_in` and `client_info`. */
export async function issueTokens(server: AuthorizationServer, issue: TokenIssue): Promise<Record<string, string | number>> {
  const { scopes, person, wantsClientInfo } = issue
  const seconds = server.accessTokenSeconds()
  return {
    token_type: 'Bearer',
    scope: scopes.named.join(' '),
    expires_in: seconds,
    ext_expires_in: seconds,
    access_token: await server.key.sign(accessTokenClaims(server, issue, seconds)),
    ...(issue.refreshable && scopes.offlineAccess && { refresh_token: issueRefreshToken(server, issue) }),
    ...(scopes.openid && { id_token: await server.key.sign(idTokenClaims(server, issue)) }),
    ...(wantsClientInfo && { client_info: clientInfo(person, server) }),
  }
}

/** Which account this is, for MSAL's cache: base64url of {uid, utid}. */
export function clientInfo({ oid }: DirectoryPerson, { directory }: Pick<AuthorizationServer, 'directory'>): string {
  return Buffer.from(JSON.stringify({ uid: oid, utid: directory.tenantId })).toString('base64url')
}

function accessTokenClaims({ directory, clock }: AuthorizationServer, { application, person, scopes }: TokenIssue, seconds: number) {
  const now = Math.floor(clock() / 1000)
  return {
    aud: scopes.audience,
    iss: `https://sts.windows.net/${directory.tenantId}/`,
    iat: now,
    nbf: now,
    exp: now + seconds,
    acr: '1',
    amr: ['pwd'],
    appid: application.appId,
    appidacr: '0',
    name: person.name,
    oid: person.oid,
    scp: scopes.granted.join(' '),
    sub: pairwise(person, scopes.resource.appId),
    tid: directory.tenantId,
    unique_name: person.username,
    upn: person.username,
    uti: randomBytes(16).toString('base64url'),
    ver: '1.0',
  }
}

function idTokenClaims({ directory, clock, origin }: AuthorizationServer, { application, person, nonce }: TokenIssue) {
  const now = Math.floor(clock() / 1000)
  return {
    aud: application.appId,
    iss: `${origin()}/${directory.tenantId}/v2.0`,
    iat: now,
    nbf: now,
    exp: now + 3600,
    name: person.name,
    ...(nonce !== undefined && { nonce }),
    oid: person.oid,
    preferred_username: person.username,
    sub: pairwise(person, application.appId),
    tid: directory.tenantId,
    uti: randomBytes(16).toString('base64url'),
    ver: '2.0',
  }
}

/** `sub` names a person to one audience only (OpenID Connect Core section 8.1). */
function pairwise({ oid }: DirectoryPerson, sector: string): string {
  return createHash('sha256').update(`${oid} ${sector}`).digest('base64url')
}

function issueRefreshToken({ clock, refreshTokens, refreshTokenSeconds }: AuthorizationServer, issue: TokenIssue): string {
  const { application, person, scopes } = issue
  const token = `1.${randomBytes(48).toString('base64url')}`
  refreshTokens.set(token, { application, person, scopes, issued: clock(), expires: clock() + refreshTokenSeconds * 1000 })
  return token
}
