// Serves the interactions over HTTP.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { FhirAnswer, FhirRequest, FhirRoute } from './exchange.ts'
import { sendResource } from './format.ts'
import { demandServed } from './routes.ts'

/** Unknown resource types are refused with 404 before anything is read of the body. */
export function addInteractions(app: FastifyInstance, routes: FhirRoute[]): void {
  for (const { method, url, access, handle } of routes)
    app.route({
      method,
      url,
      config: { access },
      onRequest: async request => demandServed(request.params as FhirRequest['parameters']),
      handler: async (request, reply) => sendAnswer(request, reply, await handle(asFhirRequest(request))),
    })
}

function asFhirRequest(request: FastifyRequest): FhirRequest {
  const { method, url, id, body, headers, params } = request
  return {
    ...{ method, target: url, id, body, parameters: params as FhirRequest['parameters'] },
    query: [...new URL(url, 'http://localhost').searchParams],
    field: name => [headers[name]].flat().join(', ') || undefined,
    permits: access => request.permits?.(access) ?? false,
  }
}

export function sendAnswer(request: FastifyRequest, reply: FastifyReply, { status, resource, fields = {} }: FhirAnswer): FastifyReply {
  reply.headers(fields)
  return resource === undefined ? reply.code(status).send() : sendResource(request, reply, status, resource)
}
