// Refuses URLs that carry an access token, as the Azure FHIR service does: URLs end up in logs.
import type { FastifyReply, FastifyRequest } from 'fastify'

const jwt = /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/

/** Answers such a request itself, in plain text. */
export async function refuseTokenInUrl(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  if (!jwt.test(request.url)) return undefined
  const [path = ''] = request.url.split('?', 1)
  const place = jwt.test(path) ? 'path' : 'query string'
  return reply.code(400).type('text/plain; charset=utf-8').send(`Access tokens must not be passed in the URL ${place}.`)
}
