// Lets requests in to both health services: a valid bearer in the Authorization field, and a role that permits what the route does.
import type { onRequestAsyncHookHandler } from 'fastify'
import { challenge } from './challenge.ts'
import type { AccessTokenClaims, DataRole, ServiceOptions } from './contract.ts'

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
 * A delegated token must carry the service's scope. A token without scopes is an application's own, which only a confidential client
 * can have: what it may do is then up to the roles of its principal alone.
 */
function permitsCalls({ scp, appidacr }: AccessTokenClaims, scope: string): boolean {
  return scp === undefined ? appidacr !== '0' : scp.split(' ').includes(scope)
}
