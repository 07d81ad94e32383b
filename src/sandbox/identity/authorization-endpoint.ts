// The authorization endpoint and the sign-in form that belongs to it (RFC 6749 section 3.1).
import { randomBytes, randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readAuthorizationRequest, readResponseTarget } from './authorization-request.ts'
import { sendAuthorizationResponse } from './authorization-response.ts'
import { type AuthorizationServer, codeLife, type PendingAuthorization } from './authorization-server.ts'
import { checkTenant, type DirectoryPerson } from './directory.ts'
import { asAuthorizationError, createTrace, EntraError } from './entra-error.ts'
import { sendErrorPage } from './error-page.ts'
import { type Parameters, parametersOf } from './parameters.ts'
import { sendSignInPage } from './sign-in-page.ts'
import { clientInfo } from './tokens.ts'

type TenantRequest = FastifyRequest<{ Params: { tenant: string } }>

/** Adds `/{tenant}/oauth2/v2.0/authorize` by GET and POST, and `/{tenant}/login`, to which the sign-in form posts. */
export function addAuthorizationEndpoint(app: FastifyInstance, server: AuthorizationServer): void {
  app.register(async pages => {
    pages.setErrorHandler((error, request, reply) => {
      if (!(error instanceof EntraError)) throw error
      return sendErrorPage(reply, error, traceOf(server, request))
    })
    pages.route({
      method: ['GET', 'POST'],
      url: '/:tenant/oauth2/v2.0/authorize',
      handler: async (request: TenantRequest, reply) => authorize(server, request, reply),
    })
    pages.post('/:tenant/login', async (request: TenantRequest, reply) => signIn(server, request, reply))
  })
}

function authorize(server: AuthorizationServer, request: TenantRequest, reply: FastifyReply): FastifyReply {
  const parameters = parametersOf(request)
  const target = readResponseTarget(server.directory, request.params.tenant, parameters)
  try {
    const pending = readAuthorizationRequest(server.directory, target, parameters)
    return askWho(server, pending, parameters, reply)
  } catch (error) {
    if (!(error instanceof EntraError)) throw error
    return sendAuthorizationResponse(reply, target, asAuthorizationError(error, traceOf(server, request)))
  }
}

function askWho({ directory, tickets }: AuthorizationServer, pending: PendingAuthorization, parameters: Parameters, reply: FastifyReply) {
  const ticket = randomBytes(32).toString('base64url')
  tickets.set(ticket, pending)
  const action = `/${directory.tenantId}/login`
  return sendSignInPage(reply, { pending, people: directory.people, ticket, action, loginHint: parameters.optional('login_hint') })
}

function signIn(server: AuthorizationServer, request: TenantRequest, reply: FastifyReply): FastifyReply {
  const { directory, tickets } = server
  checkTenant(directory, request.params.tenant)
  if (isFromElsewhere(request)) return reply.code(403).type('text/plain').send('This form takes submissions from its own page only.\n')
  const { optional, required } = parametersOf(request)
  const pending = tickets.take(required('ticket'))
  if (!pending) throw new EntraError(50089)
  if (optional('do') === 'cancel')
    return sendAuthorizationResponse(reply, pending, asAuthorizationError(new EntraError(65004), traceOf(server, request)))
  const username = required('username')
  const person = directory.people.find(person => person.username === username)
  if (!person) throw new EntraError(50034, username, directory.domain)
  return sendAuthorizationResponse(reply, pending, issueCode(server, pending, person))
}

function issueCode(server: AuthorizationServer, pending: PendingAuthorization, person: DirectoryPerson): Record<string, string> {
  const code = `1.${randomBytes(48).toString('base64url')}`
  server.codes.set(code, { ...pending, person, expires: server.clock() + codeLife, redeemed: false })
  return { code, ...(pending.wantsClientInfo && { client_info: clientInfo(person, server) }), session_state: randomUUID() }
}

/** A form on a foreign page could post here. Host is known to be loopback, so the page's own origin is the one that Host names. */
function isFromElsewhere({ headers }: FastifyRequest): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers
  return (site !== undefined && site !== 'same-origin') || (origin !== undefined && origin !== `http://${host}`)
}

const traceOf = ({ clock }: AuthorizationServer, request: FastifyRequest) => createTrace(request.headers['client-request-id'], clock)
