// The grants of the token endpoint, by `grant_type`: each turns a request into a token response, or throws.
import { createHash } from 'node:crypto'
import type { AuthorizationServer } from './authorization-server.ts'
import { joinClaims, readClaimsRequest } from './claims-request.ts'
import { authenticate, checkClient, type TokenRequest } from './client-authentication.ts'
import { demandConsent } from './consent.ts'
import { deviceCode } from './device-grant.ts'
import { isSharedEndpoint, type Platform } from './directory.ts'
import { EntraError } from './entra-error.ts'
import type { StrikeFacts } from './fault-table.ts'
import { parseApplicationScope, parseScopes } from './scopes.ts'
import { checkAccount } from './sign-in.ts'
import { issueApplicationToken, issueTokens, type TokenResponse } from './tokens.ts'

export type Grant = (server: AuthorizationServer, request: TokenRequest) => Promise<TokenResponse>

const authorizationCode: Grant = async (server, request) => {
  const { application, parameters } = request
  const { required, optional } = parameters
  const code = server.codes.get(required('code'))
  const redirectUri = required('redirect_uri')
  const platform = code?.application === application ? code.platform : presumedPlatform(request)
  const authentication = await checkClient(server, request, platform)
  if (!code) throw new EntraError(70008)
  if (code.application !== application) throw new EntraError(70000)
  if (redirectUri !== code.redirectUri) throw new EntraError(500112, redirectUri, code.redirectUri)
  checkVerifier(optional('code_verifier'), code.codeChallenge)
  if (code.redeemed) throw new EntraError(54005)
  if (code.expires <= server.clock()) throw new EntraError(70008)
  const { person, nonce, wantsClientInfo } = code
  const scope = optional('scope')
  const scopes = scope === undefined ? code.scopes : parseScopes(server.directory, application, scope)
  demandConsent(server, { application, person }, scopes)
  const claims = joinClaims(code.claims, readClaimsRequest(optional('claims')))
  server.faults.refuse('authorization_code', { resource: scopes.resource.appId })
  code.redeemed = true
  return issueTokens(server, {
    ...{ application, person, scopes, claims, nonce, authentication, platform },
    refreshable: code.scopes.offlineAccess,
    wantsClientInfo: wantsClientInfo || optional('client_info') === '1',
  })
}

/** Whichever resource the refresh token was first for, it serves any; the old one stays good (Refresh tokens, Microsoft Learn). */
const refreshToken: Grant = async (server, request) => {
  const { application, parameters } = request
  const { required, optional } = parameters
  const token = server.refreshTokens.get(required('refresh_token'))
  const platform = token?.application === application ? token.platform : presumedPlatform(request)
  const authentication = await checkClient(server, request, platform)
  if (!token) throw new EntraError(70008)
  if (token.application !== application) throw new EntraError(70000)
  const { person, issued, expires } = token
  const facts = refreshFacts(server, issued, person.username)
  if (expires <= server.clock()) throw new EntraError(platform === 'spa' ? 700084 : 700082, facts.issued, facts.idle)
  checkAccount(server.directory, application, person)
  const scope = optional('scope')
  const scopes = scope === undefined ? token.scopes : parseScopes(server.directory, application, scope)
  demandConsent(server, { application, person }, scopes)
  const claims = joinClaims(token.claims, readClaimsRequest(optional('claims')))
  server.faults.refuse('refresh_token', { ...facts, resource: scopes.resource.appId })
  return issueTokens(server, {
    ...{ application, person, scopes, claims, nonce: undefined, authentication, platform, refreshable: true },
    wantsClientInfo: optional('client_info') === '1',
    // A single-page application's refresh tokens all end when the first one does.
    ...(platform === 'spa' && { refreshUntil: expires }),
  })
}

/** An application as itself (RFC 6749 section 4.4). It needs no permission: a token without app roles is one all the same. */
const clientCredentials: Grant = async (server, request) => {
  const { application, parameters, origin } = request
  if (origin !== undefined) throw new EntraError(9002326, origin)
  const authentication = await authenticate(server, request, 7000216)
  const target = parseApplicationScope(server.directory, parameters.required('scope'))
  const claims = readClaimsRequest(parameters.optional('claims'))
  return issueApplicationToken(server, { application, ...target, claims, authentication })
}

/** Grants by the value of `grant_type`; MSAL sends the device grant under its older name. */
export const grants: ReadonlyMap<string, Grant> = new Map([
  ['authorization_code', authorizationCode],
  ['refresh_token', refreshToken],
  ['client_credentials', clientCredentials],
  ['urn:ietf:params:oauth:grant-type:device_code', deviceCode],
  ['device_code', deviceCode],
])

/** Throws 9001023 or 50059: an application as itself belongs to no account from which a tenant could follow. */
export function refuseTenantless(grantType: string, tenant: string): void {
  if (grantType !== 'client_credentials') return
  if (/^(common|consumers)$/i.test(tenant)) throw new EntraError(9001023)
  if (isSharedEndpoint(tenant)) throw new EntraError(50059)
}

/** What an application is taken for when its code or refresh token does not say. */
function presumedPlatform({ application, origin }: TokenRequest): Platform {
  const { publicClientFlows, redirectUris } = application
  if (publicClientFlows) return 'publicClient'
  if (origin !== undefined && redirectUris.spa.length > 0) return 'spa'
  return redirectUris.web.length === 0 && redirectUris.publicClient.length > 0 ? 'publicClient' : 'web'
}

/** RFC 7636 section 4.6, method S256. */
function checkVerifier(verifier: string | undefined, challenge: string | undefined): void {
  if (challenge === undefined && verifier !== undefined) throw new EntraError(50147)
  if (challenge === undefined) return
  const computed = createHash('sha256')
    .update(verifier ?? '')
    .digest('base64url')
  if (computed !== challenge) throw new EntraError(501481)
}

type RefreshFacts = Pick<StrikeFacts, 'issued' | 'idle' | 'now' | 'username' | 'domain'>

function refreshFacts({ clock, directory }: AuthorizationServer, issued: number, username: string): RefreshFacts {
  const time = (milliseconds: number) => new Date(milliseconds).toISOString()
  const idle = `${Math.floor((clock() - issued) / 1000)} seconds`
  return { issued: time(issued), idle, now: time(clock()), username, domain: directory.domain }
}
