// The WWW-Authenticate field of both health services, and whether a token's claims permit calls to a resource at all.
import type { AccessTokenClaims, ServiceOptions, TokenVerdict } from './contract.ts'

/**
 * The Azure services' two forms: which authority and audience to ask when there is no token, what is wrong with the token otherwise.
 * @see Microsoft.Health.Fhir.Shared.Web Startup.cs and RFC 6750, section 3
 */
export function challenge(verdict: TokenVerdict & { ok: false }, { authority, audience }: ServiceOptions): string {
  if (verdict.reason === 'missing')
    return `Bearer authorization_uri=${quoted(authority())}, resource_id=${quoted(audience)}, realm=${quoted(audience)}`
  return `Bearer error="invalid_token", error_description=${quoted(verdict.description)}`
}

/**
 * A delegated token must carry the resource's scope. A token without scopes is an application's own, which only a confidential client
 * can have: what it may do is then up to the roles of its principal alone.
 */
export function permitsCalls({ scp, appidacr }: AccessTokenClaims, scope: string): boolean {
  return scp === undefined ? appidacr !== '0' : scp.split(' ').includes(scope)
}

function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`
}
