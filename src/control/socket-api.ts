// The control API for the command line: JSON over a unix socket (a named pipe on Windows) that only its owner can reach.
import type { FastifyInstance } from 'fastify'
import { asApiError, createApiApp } from './api-app.ts'
import type { Failure, StatusReport } from './client/wire.ts'
import { addCertificateRoutes } from './socket/certificate-routes.ts'
import { addChallengeRoute } from './socket/challenge-route.ts'
import { addJournalRoutes } from './socket/journal-routes.ts'
import type { SocketApiParts } from './socket/parts.ts'
import { addSecretRoutes } from './socket/secret-routes.ts'
import { addSignInRoutes } from './socket/sign-in-routes.ts'
import { addTokenRoutes } from './socket/token-routes.ts'

export function createSocketApi(parts: SocketApiParts): FastifyInstance {
  const api = createApiApp()
  api.setErrorHandler((thrown, _request, reply) => {
    const error = asApiError(thrown)
    const failure: Failure = { code: error.code, particulars: { ...error.particulars } }
    reply.code(error.entry.status).send(failure)
  })
  addChallengeRoute(api, parts)
  api.get('/status', (): Promise<StatusReport> => parts.status())
  addSignInRoutes(api, parts)
  addTokenRoutes(api, parts)
  addSecretRoutes(api, parts)
  addCertificateRoutes(api, parts)
  addJournalRoutes(api, parts)
  api.post('/stop', async (_request, reply) => {
    reply.raw.once('finish', parts.stop)
    return {}
  })
  return api
}
