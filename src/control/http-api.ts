// The control API for the dashboard: part of the socket's routes, under `/-/api/`. The guard has seen its key and that no foreign page asks.
import type { FastifyInstance, FastifyReply } from 'fastify'
import { answerError } from '../errors/answer.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { asApiError, createApiApp } from './api-app.ts'
import type { StatusReport } from './client/wire.ts'
import type { SocketApiParts } from './socket/parts.ts'
import { addSignInRoutes } from './socket/sign-in-routes.ts'

export const httpApiPrefix = '/-/api'

/** The app never listens: the daemon hands requests to its `routing`. Tokens and secrets are for the socket alone. */
export function createHttpApi(parts: SocketApiParts): FastifyInstance {
  const app = createApiApp()
  const methodsAt = new Map<string, string[]>()
  app.addHook('onRoute', ({ url, method }) => {
    methodsAt.set(url, [...(methodsAt.get(url) ?? []), ...[method].flat()])
  })
  app.addHook('onSend', async (_request, reply) => {
    reply.headers({
      'Cache-Control': 'no-store',
      'Content-Security-Policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
      'Cross-Origin-Resource-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
    })
  })
  app.setErrorHandler((thrown, _request, reply) => refuse(reply, asApiError(thrown)))
  app.setNotFoundHandler((request, reply) => {
    const allowed = [...methodsAt].find(([url]) => patternOf(url).test(request.url))?.[1]
    if (!allowed) return refuse(reply, new HallpassError('no-route', { routes: [...methodsAt.keys()].join(', ') }))
    const methods = allowed.join(', ')
    refuse(reply, new HallpassError('method-refused', { methods }, { fields: { Allow: methods } }))
  })
  app.register(
    async api => {
      api.get('/status', (): Promise<StatusReport> => parts.status())
      addSignInRoutes(api, parts)
    },
    { prefix: httpApiPrefix },
  )
  return app
}

function patternOf(url: string): RegExp {
  return new RegExp(`^${url.replace(/:[a-z]+/g, '[^/?]+')}(?:\\?|$)`)
}

function refuse(reply: FastifyReply, error: HallpassError): void {
  reply.hijack()
  answerError(reply.raw, error, 'program')
}
