// Lets requests in to both health services: a valid bearer in the Authorization field, and a role that permits what the route does.
import type { onRequestAsyncHookHandler } from 'fastify'
import { challenge } from './challenge.ts'
import type { AccessTokenClaims, DataRole, ServiceOptions } from './contract.ts'

/** What a route needs; routes without it, and unknown ones, need a valid token and nothing more. */
export type Access = 'public' | 'read' | 'write' | 'export'

type Guarded = Exclude<Access, 'public'>

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
  interface FastifyRequest {
    /** What the request's token allows besides the route's own access: the entries of a Bundle are asked one by one. */
    permits?: (access: Guarded) => boolean
  }
}

export type AccessRules = {
  /** The delegated scope that the service's tokens carry. */
  scope: string
  /** What no role is named for is permitted to nobody. */
  roles: Partial<Record<Guarded, DataRole[]>>
  /** App roles of the resource application that permit as much, in an application's own token. */
  appRoles?: Partial<Record<Guarded, string[]>>
  unauthenticated: () => Error
  forbidden: () => Error
}

/** A hook that throws what the rules say: without a valid token, with a challenge; and when token or roles do not permit the request. */
export function demandAccess(options: ServiceOptions, rules: AccessRules): onRequestAsyncHookHandler {
  const { unauthenticated, forbidden } = rules
  return async (request, reply) => {
    const { access } = request.routeOptions.config
    if (access === 'public') return
    const verdict = await options.verify(request.headers.authorization)
    if (!verdict.ok) {
      reply.header('www-authenticate', challenge(verdict, options))
      throw unauthenticated()
    }
    const permits = permitsOf(verdict.claims, options.rolesOf(verdict.claims.oid), rules)
    if (!permitsCalls(verdict.claims, rules.scope) || (access !== undefined && !permits(access))) throw forbidden()
    request.permits = permits
  }
}

function permitsOf({ scp, roles: claimed = [] }: AccessTokenClaims, held: ReadonlySet<DataRole>, { roles, appRoles }: AccessRules) {
  return (access: Guarded) => {
    if (roles[access]?.some(role => held.has(role))) return true
    return scp === undefined && (appRoles?.[access] ?? []).some(role => claimed.includes(role))
  }
}

/**
 * A delegated token must carry the service's scope. A token without scopes is an application's own, which only a confidential client
 * can have: what it may do is then up to the roles of its principal, and to the app roles in the token.
 */
function permitsCalls({ scp, appidacr }: AccessTokenClaims, scope: string): boolean {
  return scp === undefined ? appidacr !== '0' : scp.split(' ').includes(scope)
}
