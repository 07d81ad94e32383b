// Lets requests in: no token in the URL, a valid bearer in the Authorization field, a role that permits the interaction.
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import { challenge, permitsCalls } from '../challenge.ts'
import type { DataRole, ServiceOptions } from '../contract.ts'
import { refuse } from './refusal.ts'

/** What a route needs; routes without it, and unknown ones, need a valid token and nothing more. */
export type Access = 'public' | 'read' | 'write'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
}

const rolesFor: Record<Exclude<Access, 'public'>, DataRole[]> = {
  read: ['FHIR Data Reader', 'FHIR Data Contributor'],
  write: ['FHIR Data Contributor'],
}

const jwt = /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/

/** Refuses, in plain text, URLs that carry an access token: URLs end up in logs. */
export async function refuseTokenInUrl(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  if (!jwt.test(request.url)) return undefined
  const [path = ''] = request.url.split('?', 1)
  const place = jwt.test(path) ? 'path' : 'query string'
  return reply.code(400).type('text/plain; charset=utf-8').send(`Access tokens must not be passed in the URL ${place}.`)
}

/** @throws Refusal 401 without a valid token, 403 when token or roles do not permit what the route does. */
export function demandAccess(options: ServiceOptions): onRequestAsyncHookHandler {
  return async (request, reply) => {
    const { access } = request.routeOptions.config
    if (access === 'public') return
    const verdict = await options.verify(request.headers.authorization)
    if (!verdict.ok) {
      reply.header('www-authenticate', challenge(verdict, options))
      throw refuse(401, 'login', 'Authentication failed.')
    }
    const roles = options.rolesOf(verdict.claims.oid)
    const permitted = access === undefined || rolesFor[access].some(role => roles.has(role))
    if (!permitsCalls(verdict.claims, 'user_impersonation') || !permitted) throw refuse(403, 'forbidden', 'Authorization failed.')
  }
}
