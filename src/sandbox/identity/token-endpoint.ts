// The token endpoint (RFC 6749 section 3.2), with the checks that Entra ID makes before it looks at the grant.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AuthorizationServer } from './authorization-server.ts'
import { checkTenant, findApplication } from './directory.ts'
import { EntraError } from './entra-error.ts'
import { grants } from './grants.ts'
import { noStore } from './page.ts'
import { type Parameters, parametersOf } from './parameters.ts'
import { issueTokens } from './tokens.ts'

type TenantRoute = { Params: { tenant: string } }

/** Adds `/{tenant}/oauth2/v2.0/token`. Refusals are left to the application's error handler. */
export function addTokenEndpoint(app: FastifyInstance, server: AuthorizationServer): void {
  const url = '/:tenant/oauth2/v2.0/token'
  app.get(url, async ({ method }) => {
    throw new EntraError(900561, 'POST', method)
  })
  app.post<TenantRoute>(url, async (request, reply) => {
    reply.headers(noStore)
    const parameters = parametersOf(request)
    const grantType = parameters.required('grant_type')
    server.noteGrant(request.raw, grantType)
    checkTenant(server.directory, request.params.tenant)
    const grant = grants.get(grantType)
    if (!grant) throw new EntraError(70003, grantType)
    const application = findApplication(server.directory, request.params.tenant, parameters.required('client_id'))
    checkPublicClient(request, parameters)
    return issueTokens(server, grant(server, application, parameters))
  })
}

/** Every application here has public-client redirect URIs only: it has no secret to send, and no web page may redeem its codes. */
function checkPublicClient({ headers }: FastifyRequest, { optional }: Parameters): void {
  if (headers.origin !== undefined) throw new EntraError(9002326, headers.origin)
  if (optional('resource')) throw new EntraError(901002)
  if (headers.authorization !== undefined || optional('client_secret') || optional('client_assertion')) throw new EntraError(700025)
}
