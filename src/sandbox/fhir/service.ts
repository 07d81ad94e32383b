// A FHIR R4 service in memory that answers in the shapes of Azure Health Data Services.
import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type AccessRules, demandAccess } from '../access.ts'
import type { HealthService, ServiceOptions } from '../contract.ts'
import { capabilityStatement } from './capability-statement.ts'
import { loadDefinitions } from './definitions.ts'
import { demandJsonAccepted, parseBodies, sendResource } from './format.ts'
import { addInteractions } from './interactions.ts'
import { syntheticRecords } from './records/records.ts'
import { outcomeOf, refusalFrom, refuse } from './refusal.ts'
import { ResourceStore } from './resource-store.ts'
import { refuseTokenInUrl } from './token-in-url.ts'

const accessRules: AccessRules = {
  scope: 'user_impersonation',
  roles: { read: ['FHIR Data Reader', 'FHIR Data Contributor'], write: ['FHIR Data Contributor'] },
  unauthenticated: () => refuse(401, 'login', 'Authentication failed.'),
  forbidden: () => refuse(403, 'forbidden', 'Authorization failed.'),
}

/**
 * Builds the service, filled with synthetic records; whoever calls it listens and closes.
 * All but `/metadata` and `/health/check` asks for a token whose principal holds a FHIR data role.
 */
export async function fhirService(options: ServiceOptions): Promise<HealthService> {
  const types = loadDefinitions()
  const store = new ResourceStore(options.clock)
  store.load(syntheticRecords(options.seed))

  const app = fastify({
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1024 },
    forceCloseConnections: true,
    frameworkErrors: answerRefusal,
  })
  const now = () => new Date(options.clock()).toISOString()
  const started = now()
  addResponseFields(app)
  app.addHook('onRequest', refuseTokenInUrl)
  app.addHook('onRequest', demandAccess(options, accessRules))
  app.addHook('onRequest', demandJsonAccepted)
  parseBodies(app)
  answerRefusals(app)
  app.get('/health/check', { config: { access: 'public' } }, async () => ({ overallStatus: 'Healthy' }))
  app.get('/metadata', { config: { access: 'public' } }, async (request, reply) => {
    return sendResource(request, reply, 200, capabilityStatement(types, options.origin(), options.authority(), started))
  })
  addInteractions(app, { store, base: options.origin, now })
  return { app }
}

/** The service's own id of the request is its X-Request-Id; the client's comes back as X-Correlation-Id. */
function addResponseFields(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'content-security-policy': "frame-src 'self';",
    })
    const sent = request.headers['x-request-id']
    if (typeof sent === 'string' && sent !== '') reply.header('x-correlation-id', sent)
  })
}

function answerRefusals(app: FastifyInstance): void {
  app.setErrorHandler(answerRefusal)
  app.setNotFoundHandler(() => {
    throw refuse(404, 'not-found', 'The requested route was not found.')
  })
}

function answerRefusal(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, outcome } = refusalFrom(error)
  return sendResource(request, reply, status, outcomeOf(outcome.issue ?? [], request.id))
}
