// Checks an authorization request as Entra ID does: first whether the answer may be sent anywhere, then all else.
// (Microsoft identity platform and OAuth 2.0 authorization code flow, Microsoft Learn)

import type { ResponseTarget } from './authorization-response.ts'
import type { PendingAuthorization } from './authorization-server.ts'
import { type Directory, findApplication } from './directory.ts'
import { EntraError } from './entra-error.ts'
import type { Parameters } from './parameters.ts'
import { checkRedirectUri } from './redirect-uri.ts'
import { parseScopes } from './scopes.ts'

const responseModes = ['query', 'fragment', 'form_post'] as const
const prompts = ['none', 'login', 'select_account', 'consent']

/** Tenant, client and redirect URI. What this throws must never be sent to the redirect URI. */
export function readResponseTarget(directory: Directory, tenant: string, { required, optional }: Parameters): ResponseTarget {
  const application = findApplication(directory, tenant, required('client_id'))
  const redirectUri = checkRedirectUri(application, optional('redirect_uri'))
  const responseMode = responseModes.find(mode => mode === optional('response_mode')) ?? 'query'
  return { application, redirectUri, responseMode, state: optional('state') }
}

/** The rest of the request. What this throws goes to the redirect URI. Parameters that nobody knows are left alone. */
export function readAuthorizationRequest(directory: Directory, target: ResponseTarget, parameters: Parameters): PendingAuthorization {
  const { required, optional } = parameters
  checkResponseType(required('response_type'))
  const responseMode = optional('response_mode') ?? target.responseMode
  if (responseMode !== target.responseMode) throw new EntraError(70007, responseMode)
  if (optional('resource')) throw new EntraError(901002)
  const scopes = parseScopes(directory, target.application, required('scope'))
  const codeChallenge = readCodeChallenge(parameters)
  const prompt = optional('prompt')
  if (prompt !== undefined && !prompts.includes(prompt)) throw new EntraError(90023, 'prompt')
  // Nobody's session is remembered, so there is never one to continue silently.
  if (prompt === 'none') throw new EntraError(50058)
  return { ...target, nonce: optional('nonce'), codeChallenge, scopes, wantsClientInfo: optional('client_info') === '1' }
}

function checkResponseType(responseType: string): void {
  if (responseType !== 'code') throw new EntraError(700054, responseType)
}

/**
 * RFC 7636 section 4.3. Stricter than Entra ID, which for a public client only recommends PKCE: here it must be used, and with S256,
 * because OAuth 2.1 (section 4.1.1) demands it and hallpass must never be found without.
 */
function readCodeChallenge({ optional }: Parameters): string {
  const challenge = optional('code_challenge')
  const method = optional('code_challenge_method') ?? 'plain'
  if (!challenge) throw new EntraError(9002313, "hallpass's sandbox demands PKCE: 'code_challenge' is missing.")
  if (method !== 'S256') throw new EntraError(9002313, `hallpass's sandbox demands 'code_challenge_method' S256, not '${method}'.`)
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge)) throw new EntraError(501491)
  return challenge
}
