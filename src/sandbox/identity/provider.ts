// The identity provider of the sandbox: an authorization server in the shape of Microsoft Entra ID, version 2.0 endpoints.
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import { addAuthorizationEndpoint } from './authorization-endpoint.ts'
import { type AuthorizationServerParts, createAuthorizationServer } from './authorization-server.ts'
import { addDeviceEndpoint, addDevicePage } from './device-endpoint.ts'
import { addDiscovery } from './discovery.ts'
import { asTokenError, createTrace, EntraError, type Trace } from './entra-error.ts'
import { addLogout } from './logout.ts'
import { noStore } from './page.ts'
import { addPages } from './page-routes.ts'
import { addSignIn } from './sign-in.ts'
import { addTokenEndpoint } from './token-endpoint.ts'

const bodyLimit = 64 * 1024

/** Builds the identity provider; whoever calls it listens and closes, on loopback only, and lets only loopback names through as Host. */
export function identityProvider(parts: AuthorizationServerParts): FastifyInstance {
  const app = fastify({ bodyLimit, routerOptions: { maxParamLength: 300 } })
  const server = createAuthorizationServer(parts)
  acceptFormsOnly(app)
  answerRefusals(app, parts.clock)
  addDiscovery(app, server)
  addTokenEndpoint(app, server)
  addDeviceEndpoint(app, server)
  addPages(app, server, pages => {
    addAuthorizationEndpoint(pages, server)
    addSignIn(pages, server)
    addDevicePage(pages, server)
    addLogout(pages, server)
  })
  return app
}

/** Any other content type counts as a body without parameters, as at Entra ID: it names the first one that it misses. */
function acceptFormsOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, new URLSearchParams(body.toString()))
  })
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null, new URLSearchParams()))
}

function sendTokenError(reply: FastifyReply, error: EntraError, trace: Trace): FastifyReply {
  if (error.retryAfter !== undefined) reply.header('retry-after', String(error.retryAfter))
  return reply.code(error.entry.status).send(asTokenError(error, trace))
}

function answerRefusals(app: FastifyInstance, clock: () => number): void {
  app.setErrorHandler((error: FastifyError | EntraError, request, reply) => {
    const trace = createTrace(request.headers['client-request-id'], clock)
    reply.headers({ ...noStore, 'x-ms-request-id': trace.traceId })
    if (error instanceof EntraError) return sendTokenError(reply, error, trace)
    const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500
    return reply.code(status).send({ error: status < 500 ? 'invalid_request' : 'server_error', error_description: error.message })
  })
  app.setNotFoundHandler((_request, reply) => reply.code(404).type('text/plain').send("hallpass's sandbox: there is no such page.\n"))
}
