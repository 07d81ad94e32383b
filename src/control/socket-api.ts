// The control API for the command line: JSON over a unix socket (a named pipe on Windows) that only its owner can reach.
import Fastify, { type FastifyInstance } from 'fastify'
import { asHallpassError } from '../errors/hallpass-error.ts'
import type { Failure, StatusReport } from './client/wire.ts'
import { addCertificateRoutes } from './socket/certificate-routes.ts'
import { addJournalRoutes } from './socket/journal-routes.ts'
import type { SocketApiParts } from './socket/parts.ts'
import { addSecretRoutes } from './socket/secret-routes.ts'
import { addSignInRoutes } from './socket/sign-in-routes.ts'
import { addTokenRoutes } from './socket/token-routes.ts'

export function createSocketApi(parts: SocketApiParts): FastifyInstance {
  const api = Fastify({ logger: false, bodyLimit: 64 * 1024 })
  api.setErrorHandler((thrown, _request, reply) => {
    const error = asHallpassError(thrown)
    const failure: Failure = { code: error.code, particulars: { ...error.particulars } }
    reply.code(error.entry.status).send(failure)
  })
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
