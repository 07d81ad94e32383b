// The token endpoint (RFC 6749 section 3.2), with the checks that Entra ID makes before it looks at the grant.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AuthorizationServer } from './authorization-server.ts'
import { readCredentials } from './client-authentication.ts'
import { checkTenant, findApplication } from './directory.ts'
import { EntraError } from './entra-error.ts'
import { grants, refuseTenantless } from './grants.ts'
import { noStore } from './page.ts'
import { parametersOf } from './parameters.ts'
import { refuseResourceParameter } from './scopes.ts'
import { transportFaults } from './transport-faults.ts'

type TenantRoute = { Params: { tenant: string } }

/** Adds `/{tenant}/oauth2/v2.0/token`. Refusals are left to the application's error handler. */
export function addTokenEndpoint(app: FastifyInstance, server: AuthorizationServer): void {
  const url = '/:tenant/oauth2/v2.0/token'
  app.get(url, async ({ method }) => {
    throw new EntraError(900561, 'POST', method)
  })
  app.options(url, async (_request, reply) => sendPreflight(reply))
  app.post<TenantRoute>(url, transportFaults(server, 'token'), async (request, reply) => redeem(server, request, reply))
}

async function redeem(server: AuthorizationServer, request: FastifyRequest<TenantRoute>, reply: FastifyReply) {
  reply.headers(noStore)
  const { tenant } = request.params
  const parameters = parametersOf(request)
  const grantType = parameters.required('grant_type')
  server.noteGrant(request.raw, grantType)
  refuseTenantless(grantType, tenant)
  checkTenant(server.directory, tenant)
  const grant = grants.get(grantType)
  if (!grant) throw new EntraError(70003, grantType)
  const { authorization, origin } = request.headers
  const credentials = readCredentials(authorization, parameters)
  const application = findApplication(server.directory, tenant, credentials.clientId ?? parameters.required('client_id'))
  refuseResourceParameter(server.directory, parameters.optional('resource'), parameters.optional('scope'))
  const allowOrigin = (allowed: string) => void reply.headers({ 'access-control-allow-origin': allowed, vary: 'Origin' })
  return grant(server, { application, parameters, credentials, origin, allowOrigin })
}

/** Any page may ask, as at Entra ID; whether it may read the answer is decided with the code's platform. */
function sendPreflight(reply: FastifyReply): FastifyReply {
  return reply
    .code(204)
    .headers({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'POST, OPTIONS',
      'access-control-allow-headers': 'content-type, client-request-id, x-client-sku, x-client-ver',
      'access-control-max-age': '600',
    })
    .send()
}
