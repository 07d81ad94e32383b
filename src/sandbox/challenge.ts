// What a health service asks for when it refuses a token: the WWW-Authenticate field.
import type { ServiceOptions, TokenVerdict } from './contract.ts'

/**
 * The Azure services' two forms: which authority and audience to ask when there is no token, what is wrong with the token otherwise; and
 * the form of a claims challenge, where the token is good but not good enough.
 * @see Microsoft.Health.Fhir.Shared.Web Startup.cs; RFC 6750, section 3; Claims challenges, claims requests and client capabilities (Microsoft Learn)
 */
export function challenge(
  verdict: TokenVerdict & { ok: false },
  { authority, audience }: Pick<ServiceOptions, 'authority' | 'audience'>,
): string {
  if (verdict.reason === 'missing') return bearer({ authorization_uri: authority(), resource_id: audience, realm: audience })
  if (verdict.reason === 'insufficient_claims') {
    const authorizationUri = `${authority()}/oauth2/v2.0/authorize`
    return bearer({ realm: '', authorization_uri: authorizationUri, error: 'insufficient_claims', claims: verdict.claims })
  }
  const { description } = verdict
  return bearer({ error: 'invalid_token', ...(description !== '' && { error_description: description }) })
}

function bearer(parameters: Record<string, string>): string {
  const list = Object.entries(parameters).map(([name, value]) => `${name}=${quoted(value)}`)
  return `Bearer ${list.join(', ')}`
}

/** A quoted-string of RFC 9110 section 5.6.4. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`
}
