// What the routes that show pages share: refusals end on a page, and forms take submissions from their own page only.
import type { FastifyInstance, FastifyRequest, preHandlerAsyncHookHandler } from 'fastify'
import type { AuthorizationServer } from './authorization-server.ts'
import { createTrace, EntraError, type Trace } from './entra-error.ts'
import { sendErrorPage } from './error-page.ts'

export type TenantRequest = FastifyRequest<{ Params: { tenant: string } }>

/** Adds routes whose refusals become an error page. */
export function addPages(app: FastifyInstance, server: AuthorizationServer, add: (pages: FastifyInstance) => void): void {
  app.register(async pages => {
    pages.setErrorHandler((error, request, reply) => {
      if (!(error instanceof EntraError)) throw error
      return sendErrorPage(reply, error, traceOf(server, request))
    })
    add(pages)
  })
}

/** A preHandler for every form's target. */
export const fromOwnPageOnly: preHandlerAsyncHookHandler = async (request, reply) => {
  if (isFromElsewhere(request)) return reply.code(403).type('text/plain').send('This form takes submissions from its own page only.\n')
}

/** A form on a foreign page could post here. Host is known to be loopback, so the page's own origin is the one that Host names. */
function isFromElsewhere({ headers }: FastifyRequest): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers
  return (site !== undefined && site !== 'same-origin') || (origin !== undefined && origin !== `http://${host}`)
}

export const traceOf = ({ clock }: AuthorizationServer, { headers }: Pick<FastifyRequest, 'headers'>): Trace =>
  createTrace(headers['client-request-id'], clock)
