// Checks an authorization request as Entra ID does: first whether the answer may be sent anywhere, then all else.
// (Microsoft identity platform and OAuth 2.0 authorization code flow, Microsoft Learn)
import type { ResponseTarget } from './authorization-response.ts'
import type { PendingAuthorization } from './authorization-server.ts'
import { readClaimsRequest } from './claims-request.ts'
import { type Directory, findApplication, type Platform } from './directory.ts'
import { EntraError } from './entra-error.ts'
import type { Parameters } from './parameters.ts'
import { matchRedirectUri } from './redirect-uri.ts'
import { parseScopesOfResources, refuseResourceParameter } from './scopes.ts'

const responseModes = ['query', 'fragment', 'form_post'] as const
const prompts = ['none', 'login', 'select_account', 'consent']
const implicitTypes = new Set(['token', 'id_token', 'code', 'none'])

/** Tenant, client and redirect URI. What this throws must never be sent to the redirect URI. */
export function readResponseTarget(directory: Directory, tenant: string, { required, optional }: Parameters): ResponseTarget {
  const application = findApplication(directory, tenant, required('client_id'))
  const matched = matchRedirectUri(application, optional('redirect_uri'))
  const responseMode = responseModes.find(mode => mode === optional('response_mode')) ?? 'query'
  return { application, ...matched, responseMode, state: optional('state') }
}

/** The rest of the request. What this throws goes to the redirect URI. Parameters that nobody knows are left alone. */
export function readAuthorizationRequest(directory: Directory, target: ResponseTarget, parameters: Parameters): PendingAuthorization {
  const { required, optional } = parameters
  checkResponseType(required('response_type'))
  const responseMode = optional('response_mode') ?? target.responseMode
  if (responseMode !== target.responseMode) throw new EntraError(70007, responseMode)
  refuseResourceParameter(directory, optional('resource'), optional('scope'))
  const consentTo = parseScopesOfResources(directory, target.application, required('scope'))
  const codeChallenge = readCodeChallenge(parameters, target.platform)
  const claims = readClaimsRequest(optional('claims'))
  const prompt = optional('prompt')
  if (prompt !== undefined && !prompts.includes(prompt)) throw new EntraError(90023, 'prompt')
  // Nobody's session is remembered, so there is never one to continue silently.
  if (prompt === 'none') throw new EntraError(50058)
  return {
    kind: 'authorization',
    ...target,
    scopes: consentTo[0],
    consentTo,
    claims,
    nonce: optional('nonce'),
    codeChallenge,
    wantsClientInfo: optional('client_info') === '1',
    promptsConsent: prompt === 'consent',
  }
}

/** The code is all there is; implicit and hybrid types are known but not enabled for any application. */
function checkResponseType(responseType: string): void {
  if (responseType === 'code') return
  const known = responseType.split(' ').every(type => implicitTypes.has(type))
  throw new EntraError(known ? 700054 : 70005, responseType)
}

/**
 * RFC 7636 section 4.3. A web application may do without; a single-page one may not. Stricter than Entra ID with public clients, to
 * whom it only recommends PKCE: here it must be used, because OAuth 2.1 (section 4.1.1) demands it and hallpass must never be found
 * without; and always with S256.
 */
function readCodeChallenge({ optional }: Parameters, platform: Platform): string | undefined {
  const challenge = optional('code_challenge')
  const method = optional('code_challenge_method') ?? 'plain'
  if (!challenge && platform === 'web') return undefined
  if (!challenge && platform === 'spa') throw new EntraError(9002325)
  if (!challenge) throw new EntraError(9002313, "hallpass's sandbox demands PKCE: 'code_challenge' is missing.")
  if (method !== 'S256') throw new EntraError(9002313, `hallpass's sandbox demands 'code_challenge_method' S256, not '${method}'.`)
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge)) throw new EntraError(501491)
  return challenge
}
