// Reads the authorization server's answer where it reaches the redirect URI, by query or by form_post.
import type { AuthorizationResponse } from './identity.ts'

/**
 * The response in form-encoded parameters (a query, or the body of OAuth 2.0 Form Post Response Mode), or undefined when they are no
 * answer of an authorization server: it needs `state` and `code` or `error`, each once (RFC 6749 section 3.1).
 */
export function parseAuthorizationResponse(parameters: URLSearchParams): AuthorizationResponse | undefined {
  const once = (name: string) => (parameters.getAll(name).length === 1 ? (parameters.get(name) ?? undefined) : undefined)
  const state = once('state')
  const code = once('code')
  const error = once('error')
  if (!state || (code === undefined) === (error === undefined)) return undefined
  if (code !== undefined) return { state, code, clientInfo: once('client_info') }
  return { state, error: error ?? '', description: once('error_description'), subcode: once('error_subcode') }
}

/** True when the parameters look like an answer to a sign-in: what tells a callback at `/` from a visit of the dashboard. */
export function looksLikeResponse(parameters: URLSearchParams): boolean {
  return parameters.has('state') && (parameters.has('code') || parameters.has('error'))
}
