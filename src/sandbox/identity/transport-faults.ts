// The faults of the network and of a struggling server: they strike before or after an endpoint's own work.
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { onRequestAsyncHookHandler, onSendAsyncHookHandler } from 'fastify'
import type { AuthorizationServer } from './authorization-server.ts'
import { EntraError } from './entra-error.ts'

/** Seconds that a throttled client is told to wait. */
const retryAfter = 30

const loginPage =
  '<!doctype html><html lang="en"><title>Guest network</title><h1>Welcome to our guest network</h1><p>Accept the terms to go online.</p></html>\n'

type Hooks = { onRequest: onRequestAsyncHookHandler; onSend: onSendAsyncHookHandler<unknown> }

/** Route options for an endpoint that these faults strike; discovery is spared those that are the token endpoint's own. */
export function transportFaults({ faults, slowMilliseconds }: AuthorizationServer, endpoint: 'token' | 'discovery'): Hooks {
  return {
    onRequest: async (request, reply) => {
      if (endpoint === 'token' && faults.strikes('throttled')) throw throttled()
      if (faults.strikes('unavailable')) throw new EntraError(90033)
      if (faults.strikes('slow')) await untilLater(slowMilliseconds, request.raw.socket)
      if (faults.strikes('captive-portal')) return reply.type('text/html; charset=utf-8').send(loginPage)
      if (!faults.strikes('dead')) return
      reply.hijack()
      request.raw.socket.destroy()
    },
    onSend: async (_request, _reply, payload) => {
      if (endpoint !== 'token' || typeof payload !== 'string' || !faults.strikes('truncated-json')) return payload
      return payload.slice(0, payload.length / 2)
    },
  }
}

function throttled(): EntraError {
  const error = new EntraError(90055)
  error.retryAfter = retryAfter
  return error
}

/** Ends early when the client has gone. */
async function untilLater(milliseconds: number, socket: NodeJS.EventEmitter): Promise<void> {
  const stopped = new AbortController()
  const { signal } = stopped
  const gone = once(socket, 'close', { signal })
  await Promise.race([delay(milliseconds, undefined, { signal }), gone]).finally(() => stopped.abort())
}
