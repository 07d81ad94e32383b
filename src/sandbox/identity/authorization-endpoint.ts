// The authorization endpoint (RFC 6749 section 3.1).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readAuthorizationRequest, readResponseTarget } from './authorization-request.ts'
import { sendAuthorizationResponse } from './authorization-response.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { asAuthorizationError, EntraError } from './entra-error.ts'
import { type TenantRequest, traceOf } from './page-routes.ts'
import { parametersOf } from './parameters.ts'
import { askWho } from './sign-in.ts'

/** Adds `/{tenant}/oauth2/v2.0/authorize` by GET and POST, from any site: whoever sends a person here shows a page and nothing more. */
export function addAuthorizationEndpoint(pages: FastifyInstance, server: AuthorizationServer): void {
  pages.route({
    method: ['GET', 'POST'],
    url: '/:tenant/oauth2/v2.0/authorize',
    handler: async (request: TenantRequest, reply) => authorize(server, request, reply),
  })
}

function authorize(server: AuthorizationServer, request: TenantRequest & FastifyRequest, reply: FastifyReply): FastifyReply {
  const parameters = parametersOf(request)
  const target = readResponseTarget(server.directory, request.params.tenant, parameters)
  try {
    const pending = readAuthorizationRequest(server.directory, target, parameters)
    return askWho(server, reply, pending, parameters.optional('login_hint'))
  } catch (error) {
    if (!(error instanceof EntraError)) throw error
    return sendAuthorizationResponse(reply, target, asAuthorizationError(error, traceOf(server, request)))
  }
}
