// A DICOMweb service in memory that answers in the shapes of Azure Health Data Services.
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type AccessRules, demandAccess } from '../access.ts'
import type { HealthService, ServiceOptions } from '../contract.ts'
import { InstanceStore } from './instance-store.ts'
import { phantomFiles } from './phantom.ts'
import { Refusal, refusalFrom } from './refusal.ts'
import { addRoutes } from './routes.ts'
import { storeFiles } from './store-transaction.ts'

const version = '/v2'

/** Bytes of one request; the Azure service takes 2 GB, we keep what we take in memory. */
const requestLimit = 512 * 1024 * 1024

/** Bytes of all files together; what does not fit is refused with 503 until studies are deleted. */
const capacity = 1024 * 1024 * 1024

const accessRules: AccessRules = {
  scope: 'Dicom.ReadWrite',
  roles: { read: ['DICOM Data Reader', 'DICOM Data Owner'], write: ['DICOM Data Owner'] },
  unauthenticated: () => new Refusal(401, ''),
  forbidden: () => new Refusal(403, 'Authorization failed.'),
}

/** Builds the service, filled with a CT phantom; whoever calls it listens and closes. All is below `/v2`, and all asks for a token. */
export async function dicomService(options: ServiceOptions): Promise<HealthService> {
  const store = new InstanceStore(capacity)
  const base = () => `${options.origin()}${version}`
  storeFiles(store, phantomFiles(options.seed), undefined, base())

  const app = fastify({
    bodyLimit: requestLimit,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1024 },
    forceCloseConnections: true,
    frameworkErrors: answerRefusal,
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({ 'api-supported-versions': '2', 'x-content-type-options': 'nosniff' })
  })
  app.addHook('onRequest', demandAccess(options, accessRules))
  answerRefusals(app)
  await app.register(async scope => addRoutes(scope, { store, base }), { prefix: version })
  return { app }
}

function answerRefusals(app: FastifyInstance): void {
  app.setErrorHandler(answerRefusal)
  app.setNotFoundHandler(() => {
    throw new Refusal(404, '')
  })
}

function answerRefusal(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, message } = refusalFrom(error)
  const text = status === 413 ? `The request exceeded the allowed limit of ${requestLimit} bytes.` : message
  reply.code(status)
  return text === '' ? reply.send() : reply.type('text/plain; charset=utf-8').send(text)
}
