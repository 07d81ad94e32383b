// A FHIR R4 service in memory that answers in the shapes of Azure Health Data Services.
import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type AccessRules, demandAccess } from '../access.ts'
import type { HealthService, ServiceOptions } from '../contract.ts'
import { limitAuditFields } from './audit-fields.ts'
import { capabilityStatement } from './capability-statement.ts'
import { loadDefinitions } from './definitions.ts'
import { exportRoutes } from './export.ts'
import { ExportJobs } from './export-jobs.ts'
import { exportStorage } from './export-storage.ts'
import { demandJsonAccepted, parseBodies, sendResource } from './format.ts'
import { addInteractions } from './interactions.ts'
import { syntheticRecords } from './records/records.ts'
import { outcomeOf, refusalFrom, refuse } from './refusal.ts'
import { ResourceStore } from './resource-store.ts'
import { bundleRoute, entryRoutes } from './routes.ts'
import { smartConfiguration } from './smart-configuration.ts'
import { throttle } from './throttle.ts'
import { refuseTokenInUrl } from './token-in-url.ts'

const accessRules: AccessRules = {
  scope: 'user_impersonation',
  roles: {
    read: ['FHIR Data Reader', 'FHIR Data Exporter', 'FHIR Data Contributor'],
    write: ['FHIR Data Contributor'],
    export: ['FHIR Data Exporter', 'FHIR Data Contributor'],
  },
  appRoles: { read: ['system.all.read', 'system.all.all'], write: ['system.all.all'], export: ['system.all.all'] },
  unauthenticated: () => refuse(401, 'login', 'Authentication failed.'),
  forbidden: () => refuse(403, 'forbidden', 'Authorization failed.'),
}

export type FhirServiceOptions = ServiceOptions & {
  /** Requests that are worked on at a time, asked with each one: those beyond are throttled. Any number unless set. */
  concurrentRequests?: () => number | undefined
  /** How long an export takes; a second unless set. */
  exportMilliseconds?: number
}

/**
 * Builds the service, filled with synthetic records, and the storage of its exports; whoever calls it listens and closes.
 * All but `/metadata`, `/.well-known/smart-configuration` and `/health/check` asks for a token whose principal holds a FHIR data role.
 */
export async function fhirService(options: FhirServiceOptions): Promise<Required<HealthService>> {
  const { clock, origin: base, authority } = options
  const store = new ResourceStore(clock)
  store.load(syntheticRecords(options.seed))
  const jobs = new ExportJobs(clock, options.exportMilliseconds ?? 1000)
  const storage = exportStorage(jobs, clock)
  const now = () => new Date(clock()).toISOString()
  const started = now()

  const app = fastify({
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1024 },
    forceCloseConnections: true,
    frameworkErrors: answerRefusal,
  })
  addResponseFields(app)
  app.addHook('onRequest', refuseTokenInUrl)
  app.addHook('onRequest', demandAccess(options, accessRules))
  app.addHook('onRequest', async () => void loadDefinitions())
  throttle(app, options.concurrentRequests ?? (() => undefined))
  app.addHook('onRequest', limitAuditFields)
  app.addHook('onRequest', demandJsonAccepted)
  parseBodies(app)
  answerRefusals(app)
  const ground = { store, base, now }
  const entries = entryRoutes(ground)
  const routes = [...entries, bundleRoute(ground, entries), ...exportRoutes({ ...ground, jobs, signedUrl: storage.signedUrl })]
  const open = { config: { access: 'public' as const } }
  app.get('/health/check', open, async () => ({ overallStatus: 'Healthy' }))
  app.get('/.well-known/smart-configuration', open, async () => smartConfiguration(authority()))
  app.get('/metadata', open, async (request, reply) => {
    return sendResource(
      request,
      reply,
      200,
      capabilityStatement(loadDefinitions(), { base: base(), authority: authority(), date: started }),
    )
  })
  addInteractions(app, routes)
  return { app, storage }
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
  const { status, outcome, fields } = refusalFrom(error)
  return sendResource(request, reply.headers(fields), status, outcomeOf(outcome.issue ?? [], request.id))
}
