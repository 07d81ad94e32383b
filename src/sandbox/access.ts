// Lets requests in to both health services: a valid bearer in the Authorization field, and a role that permits what the route does.
import type { onRequestAsyncHookHandler } from 'fastify'
import type { AccessTokenClaims, DataRole, ServiceOptions, TokenVerdict } from './contract.ts'

/** What a route needs; routes without it, and unknown ones, need a valid token and nothing more. */
export type Access = 'public' | 'read' | 'write'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
}

export type AccessRules = {
  /** The delegated scope that the service's tokens carry. */
  scope: string
  roles: Record<Exclude<Access, 'public'>, DataRole[]>
  unauthenticated: () => Error
  forbidden: () => Error
}

/** A hook that throws what the rules say: without a valid token, with a challenge; and when token or roles do not permit the request. */
export function demandAccess(
  options: ServiceOptions,
  { scope, roles, unauthenticated, forbidden }: AccessRules,
): onRequestAsyncHookHandler {
  return async (request, reply) => {
    const { access } = request.routeOptions.config
    if (access === 'public') return
    const verdict = await options.verify(request.headers.authorization)
    if (!verdict.ok) {
      reply.header('www-authenticate', challenge(verdict, options))
      throw unauthenticated()
    }
    const held = options.rolesOf(verdict.claims.oid)
    const permitted = access === undefined || roles[access].some(role => held.has(role))
    if (!permitted || !permitsCalls(verdict.claims, scope)) throw forbidden()
  }
}

/**
 * The Azure services' two forms: which authority and audience to ask when there is no token, what is wrong with the token otherwise.
 * @see Microsoft.Health.Fhir.Shared.Web Startup.cs and RFC 6750, section 3
 */
function challenge({ reason, description }: TokenVerdict & { ok: false }, { authority, audience }: ServiceOptions): string {
  if (reason === 'missing')
    return `Bearer authorization_uri=${quoted(authority())}, resource_id=${quoted(audience)}, realm=${quoted(audience)}`
  return `Bearer error="invalid_token"${description && `, error_description=${quoted(description)}`}`
}

/**
 * A delegated token must carry the service's scope. A token without scopes is an application's own, which only a confidential client
 * can have: what it may do is then up to the roles of its principal alone.
 */
function permitsCalls({ scp, appidacr }: AccessTokenClaims, scope: string): boolean {
  return scp === undefined ? appidacr !== '0' : scp.split(' ').includes(scope)
}

function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`
}
