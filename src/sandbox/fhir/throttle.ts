// Refuses requests beyond a number at a time, as the Azure service's throttling does.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Bounds and pace of the time that clients are told to wait; milliseconds. */
const wait = { least: 20, most: 60_000, growth: 1.2, decay: 1.1 }

const text = 'The maximum number of concurrent API calls on this instance was reached.'
const body = JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'throttled', diagnostics: text }] })

/**
 * Adds the limit behind whatever hooks are there: what they refuse is not counted. The wait grows with each refusal and shrinks with
 * each request that is let in.
 * @param limit - Requests at a time; undefined for any number. Asked with each request.
 * @see Microsoft.Health.Fhir.Api, ThrottlingMiddleware
 */
export function throttle(app: FastifyInstance, limit: () => number | undefined): void {
  let running = 0
  let milliseconds = wait.least
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const most = limit()
    if (most !== undefined && running >= most && request.routeOptions.config.access !== 'public') {
      milliseconds = Math.min(wait.most, Math.ceil(milliseconds * wait.growth))
      return refuse(reply, milliseconds)
    }
    milliseconds = Math.max(wait.least, Math.floor(milliseconds / wait.decay))
    running += 1
    reply.raw.once('close', () => {
      running -= 1
    })
    return undefined
  })
}

function refuse(reply: FastifyReply, milliseconds: number): FastifyReply {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000))
  return reply
    .code(429)
    .headers({ 'retry-after': seconds, 'x-ms-retry-after-ms': milliseconds, 'content-type': 'application/json; charset=utf-8' })
    .send(body)
}
