// A DICOMweb service in memory that answers in the shapes of Azure Health Data Services.
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type AccessRules, demandAccess } from '../access.ts'
import type { HealthService, ServiceOptions } from '../contract.ts'
import { explainNotFound } from './not-found.ts'
import { Partitions } from './partitions.ts'
import { phantomFiles } from './phantom.ts'
import { Refusal, refusalFrom } from './refusal.ts'
import { addServiceRoutes } from './service-routes.ts'
import { storeFiles } from './store-transaction.ts'
import { addStudyRoutes, type PartitionOf } from './study-routes.ts'
import { addWorkitemRoutes } from './workitem-routes.ts'

const version = '/v2'

/** Bytes of one request; the Azure service takes 2 GB, we keep what we take in memory. */
const requestLimit = 512 * 1024 * 1024

/** Bytes of all files together; what does not fit is refused with 503 until studies are deleted. */
const capacity = 1024 * 1024 * 1024

const busy = 'The server is currently unable to receive requests. Please retry your request. If the issue persists, please contact support.'

const accessRules: AccessRules = {
  scope: 'Dicom.ReadWrite',
  roles: { read: ['DICOM Data Reader', 'DICOM Data Owner'], write: ['DICOM Data Owner'] },
  unauthenticated: () => new Refusal(401, ''),
  forbidden: () => new Refusal(403, 'Authorization failed.'),
}

export type DicomServiceOptions = ServiceOptions & {
  /** Whether requests name a partition, as in a service that was deployed with data partitions; off unless set. */
  dataPartitions?: boolean
  /** Asked with each request that is let in: while it says so the service is busy, and answers 503. */
  isBusy?: () => boolean
}

/** Builds the service, which fills with a CT phantom when it is first used; whoever calls it listens and closes. All is below `/v2`, and all asks for a token. */
export async function dicomService(options: DicomServiceOptions): Promise<HealthService> {
  const { clock, dataPartitions = false, isBusy = () => false } = options
  const started = clock()
  let filled = false
  const stored = () => (filled ? clock() : started)
  const partitions = new Partitions({ enabled: dataPartitions, capacity, clock: stored, base: () => `${options.origin()}${version}` })

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
  app.addHook('onRequest', async () => {
    if (isBusy()) throw new Refusal(503, busy)
  })
  // To draw and to encode the phantom takes as long as all else that the sandbox does when it starts.
  app.addHook('onRequest', async () => {
    if (!filled) storeFiles(partitions.default.instances, { files: phantomFiles(options.seed) }, '')
    filled = true
  })
  answerRefusals(app)
  const partitionOf: PartitionOf = ({ params }, mayCreate = false) =>
    partitions.find((params as { partition?: string }).partition, mayCreate)
  for (const prefix of [version, `${version}/partitions/:partition`])
    await app.register(
      async scope => {
        addStudyRoutes(scope, partitionOf)
        addWorkitemRoutes(scope, partitionOf, clock)
      },
      { prefix },
    )
  await app.register(async scope => addServiceRoutes(scope, partitions), { prefix: version })
  return { app }
}

function answerRefusals(app: FastifyInstance): void {
  app.setErrorHandler(answerRefusal)
  app.setNotFoundHandler(request => {
    throw new Refusal(404, explainNotFound(request.url))
  })
}

function answerRefusal(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, message } = refusalFrom(error)
  const text = status === 413 ? `The request exceeded the allowed limit of ${requestLimit} bytes.` : message
  reply.code(status)
  return text === '' ? reply.send() : reply.type('text/plain; charset=utf-8').send(text)
}
