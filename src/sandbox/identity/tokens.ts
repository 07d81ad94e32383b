// Makes token responses: an access token as the health services get it (version 1.0), and a version 2.0 id_token.
// (Access token claims reference; ID token claims reference, Microsoft Learn)
import { createHash, randomBytes } from 'node:crypto'
import type { AuthorizationServer } from './authorization-server.ts'
import type { ClaimsRequest } from './claims-request.ts'
import type { ClientAuthentication } from './client-authentication.ts'
import type { Application, DirectoryPerson, Platform, Resource } from './directory.ts'
import type { ScopeRequest } from './scopes.ts'

/** To whom, through which application, for what. */
export type TokenIssue = {
  application: Application
  person: DirectoryPerson
  scopes: ScopeRequest
  claims: ClaimsRequest
  nonce: string | undefined
  authentication: ClientAuthentication
  platform: Platform
  /** Whether the person's first sign-in asked for offline_access. */
  refreshable: boolean
  /** When the refresh token ends, in milliseconds since the epoch, where that is not its own life. */
  refreshUntil?: number
  wantsClientInfo: boolean
}

/** For an application as itself. */
export type ApplicationTokenIssue = {
  application: Application
  audience: string
  resource: Resource
  claims: ClaimsRequest
  authentication: ClientAuthentication
}

export type TokenResponse = Record<string, string | number>

/** How far ahead the clock is that makes tokens while the fault `clock-skew` is on; more than services put up with. */
const skewSeconds = 600

/** The life of a single-page application's refresh token, in milliseconds. */
const spaRefreshLife = 24 * 3_600_000

/** The body of RFC 6749 section 5.1, with Entra's `ext_expires_in` and `client_info`. */
export async function issueTokens(server: AuthorizationServer, issue: TokenIssue): Promise<TokenResponse> {
  const { scopes, person, wantsClientInfo } = issue
  const life = drawLife(server)
  return {
    token_type: 'Bearer',
    scope: scopes.named.join(' '),
    expires_in: life.seconds,
    ext_expires_in: life.seconds,
    access_token: await server.key.sign(accessTokenClaims(server, issue, life)),
    ...(issue.refreshable && scopes.offlineAccess && { refresh_token: issueRefreshToken(server, issue) }),
    ...(scopes.openid && { id_token: await server.key.sign(idTokenClaims(server, issue, life)) }),
    ...(wantsClientInfo && { client_info: clientInfo(person, server) }),
  }
}

/** Neither refresh token nor id_token: there is no person, and the application can always ask again. */
export async function issueApplicationToken(server: AuthorizationServer, issue: ApplicationTokenIssue): Promise<TokenResponse> {
  const { application, resource } = issue
  const life = drawLife(server)
  const { roles = [] } = application.permissions.find(({ resourceAppId }) => resourceAppId === resource.appId) ?? {}
  const { objectId } = application
  const claims = {
    ...commonClaims(server, issue, issue.audience, life),
    idp: issuerOf(server),
    idtyp: 'app',
    oid: objectId,
    ...(roles.length > 0 && { roles }),
    sub: objectId,
  }
  const access_token = await server.key.sign(claims)
  return { token_type: 'Bearer', expires_in: life.seconds, ext_expires_in: life.seconds, access_token }
}

/** Which account this is, for MSAL's cache: base64url of {uid, utid}. */
export function clientInfo({ oid }: DirectoryPerson, { directory }: Pick<AuthorizationServer, 'directory'>): string {
  return Buffer.from(JSON.stringify({ uid: oid, utid: directory.tenantId })).toString('base64url')
}

/** Seconds since the epoch. */
type Life = { iat: number; seconds: number }

function drawLife({ clock, accessTokenSeconds, faults }: AuthorizationServer): Life {
  const ahead = faults.strikes('clock-skew') ? skewSeconds : 0
  return { iat: Math.floor(clock() / 1000) + ahead, seconds: accessTokenSeconds() }
}

const issuerOf = ({ directory }: AuthorizationServer): string => `https://sts.windows.net/${directory.tenantId}/`

type Common = Pick<TokenIssue, 'application' | 'claims' | 'authentication'>

function commonClaims(
  server: AuthorizationServer,
  { application, claims, authentication }: Common,
  audience: string,
  { iat, seconds }: Life,
) {
  const { acrs, clientCapabilities } = claims
  return {
    aud: audience,
    iss: issuerOf(server),
    iat,
    nbf: iat,
    exp: iat + seconds,
    ...(acrs.length > 0 && { acrs }),
    appid: application.appId,
    appidacr: authentication,
    tid: server.directory.tenantId,
    uti: randomBytes(16).toString('base64url'),
    ver: '1.0',
    ...(clientCapabilities.length > 0 && { xms_cc: clientCapabilities }),
  }
}

function accessTokenClaims(server: AuthorizationServer, issue: TokenIssue, life: Life) {
  const { person, scopes } = issue
  return {
    ...commonClaims(server, issue, scopes.audience, life),
    acr: '1',
    amr: ['pwd'],
    name: person.name,
    oid: person.oid,
    scp: scopes.granted.join(' '),
    sub: pairwise(person, scopes.resource.appId),
    unique_name: person.username,
    upn: person.username,
  }
}

function idTokenClaims({ directory, origin }: AuthorizationServer, { application, person, nonce }: TokenIssue, { iat }: Life) {
  return {
    aud: application.appId,
    iss: `${origin()}/${directory.tenantId}/v2.0`,
    iat,
    nbf: iat,
    exp: iat + 3600,
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
  const { application, person, scopes, claims, platform } = issue
  const token = `1.${randomBytes(48).toString('base64url')}`
  const life = platform === 'spa' ? Math.min(spaRefreshLife, refreshTokenSeconds * 1000) : refreshTokenSeconds * 1000
  const expires = issue.refreshUntil ?? clock() + life
  refreshTokens.set(token, { application, person, scopes, claims, platform, issued: clock(), expires })
  return token
}
