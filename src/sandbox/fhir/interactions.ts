// The RESTful interactions of FHIR R4 (RESTful API, 3.1.0) as routes over the store.
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes'
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods, RouteHandlerMethod } from 'fastify'
import type { Access } from '../access.ts'
import { loadDefinitions } from './definitions.ts'
import { sendResource } from './format.ts'
import { FhirRouter, getStatus, isOk } from './medplum.ts'
import { Refusal, refuse, withDiagnostics } from './refusal.ts'
import type { ResourceStore } from './resource-store.ts'
import { search } from './search.ts'
import { type Pair, planSearch } from './search-plan.ts'
import type { Version } from './version-log.ts'

type Parameters = { type: string; id: string; version: string }

export type InteractionOptions = { store: ResourceStore; base: () => string; now: () => string }

/** Adds one route an interaction; unknown resource types are refused with 404 before any of them runs. */
export function addInteractions(app: FastifyInstance, options: InteractionOptions): void {
  const router = new FhirRouter()
  const route = (method: HTTPMethods, url: string, access: Access, handle: RouteHandlerMethod) => {
    app.route({ method, url, config: { access }, onRequest: demandServedType, handler: handle })
  }
  route(
    'GET',
    '/:type',
    'read',
    answerSearch(options, request => queryOf(request)),
  )
  route(
    'POST',
    '/:type/_search',
    'read',
    answerSearch(options, request => [...queryOf(request), ...formOf(request)]),
  )
  route('GET', '/:type/:id', 'read', answerRead(options.store))
  route('GET', '/:type/:id/_history/:version', 'read', answerRead(options.store))
  route('GET', '/:type/:id/_history', 'read', answerHistory(options))
  route('POST', '/:type', 'write', answerWrite(options, router))
  for (const method of ['PUT', 'PATCH', 'DELETE']) {
    route(method, '/:type/:id', 'write', answerWrite(options, router))
    route(method, '/:type', 'write', answerWrite(options, router))
  }
}

async function demandServedType(request: FastifyRequest): Promise<void> {
  const { type } = request.params as Parameters
  if (loadDefinitions().has(type)) return
  if (/^[A-Z][A-Za-z]+$/.test(type)) throw refuse(404, 'not-supported', `Resource type '${type}' is not supported.`)
  throw refuse(404, 'not-found', 'The requested route was not found.')
}

function answerSearch({ store, base, now }: InteractionOptions, pairsOf: (request: FastifyRequest) => Pair[]): RouteHandlerMethod {
  return async (request, reply) => {
    const { type } = request.params as Parameters
    const plan = planSearch(type, pairsOf(request), isStrict(request), store)
    return sendResource(request, reply, 200, await search(store, plan, base(), { id: request.id, now: now() }))
  }
}

function answerRead(store: ResourceStore): RouteHandlerMethod {
  return async (request, reply) => {
    const { type, id, version } = request.params as Parameters
    const resource = version === undefined ? await store.readResource(type, id) : await store.readVersion(type, id, version)
    return sendResource(request, withVersion(reply, resource), 200, resource)
  }
}

function answerHistory({ store, base, now }: InteractionOptions): RouteHandlerMethod {
  return async (request, reply) => {
    const { type, id } = request.params as Parameters
    const versions = store.versions(type, id)
    if (versions.length === 0) throw refuse(404, 'not-found', `Resource type '${type}' with id '${id}' couldn't be found.`)
    const bundle: Bundle = {
      ...{ resourceType: 'Bundle', id: request.id, meta: { lastUpdated: now() }, type: 'history' },
      link: [{ relation: 'self', url: `${base()}${request.url}` }],
      entry: versions.toReversed().map(version => historyEntry(version, `${type}/${id}`, base())),
    }
    return sendResource(request, reply, 200, bundle)
  }
}

function historyEntry({ method, versionId, lastUpdated, resource }: Version, reference: string, base: string): BundleEntry {
  const [type = ''] = reference.split('/')
  const status = method === 'DELETE' ? '204 NoContent' : method === 'POST' || versionId === '1' ? '201 Created' : '200 OK'
  return {
    fullUrl: `${base}/${reference}`,
    ...(resource && { resource }),
    request: { method, url: method === 'POST' ? type : reference },
    response: { status, etag: `W/"${versionId}"`, lastModified: lastUpdated },
  }
}

/** Create, update, patch and delete, by id or conditional: @medplum's router decides which, the store does it. */
function answerWrite({ store, base }: InteractionOptions, router: FhirRouter): RouteHandlerMethod {
  return async (request, reply) => {
    const { type, id } = request.params as Parameters
    demandMatchingBody(request)
    const existed = id !== undefined && store.current(`${type}/${id}`) !== undefined
    const [outcome, resource] = await routed(router, request, store)
    if (!isOk(outcome)) throw new Refusal(getStatus(outcome), (outcome.issue ?? []).map(withDiagnostics))
    if (request.method === 'DELETE') return withTombstone(reply, store, type, id).code(204).send()
    if (resource === undefined) throw new Error(`${request.method} gave no resource`)
    const status = request.method === 'PUT' && id !== undefined && !existed ? 201 : getStatus(outcome)
    if (status === 201) reply.header('location', locationOf(resource, base()))
    return sendResource(request, withVersion(reply, resource), status, resource)
  }
}

/** Its own `handleRequest` is passed by: that answers each error, of whatever kind, with 400. */
async function routed(router: FhirRouter, request: FastifyRequest, store: ResourceStore) {
  const method = request.method as 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  const found = router.find(method, request.url)
  if (found === undefined) throw refuse(404, 'not-found', 'The requested route was not found.')
  const { handler, params, path, query = {} } = found
  if (Object.keys(params).length === 1 && method !== 'POST' && Object.keys(query).length === 0)
    throw refuse(412, 'conflict', 'A conditional interaction needs search parameters.')
  return handler({ method, url: request.url, pathname: path, params, query, body: request.body, headers: request.headers }, store, router)
}

function demandMatchingBody({ method, params, body }: FastifyRequest): void {
  if (method !== 'POST' && method !== 'PUT') return
  const { type, id } = params as Partial<Parameters>
  const resource = (body ?? {}) as Partial<Resource>
  if (typeof body !== 'object' || body === null || Array.isArray(body) || typeof resource.resourceType !== 'string')
    throw refuse(400, 'invalid', 'The request body must be a FHIR resource in JSON.')
  if (resource.resourceType !== type) throw refuse(400, 'invalid', 'Resource type in the URL must match resourceType in the resource.')
  if (method === 'PUT' && id !== undefined && resource.id !== id)
    throw refuse(400, 'invalid', 'Id in the URL must match id in the resource.')
}

function withVersion(reply: FastifyReply, { meta }: Resource): FastifyReply {
  if (meta?.versionId) reply.header('etag', `W/"${meta.versionId}"`)
  if (meta?.lastUpdated) reply.header('last-modified', new Date(meta.lastUpdated).toUTCString())
  return reply
}

function withTombstone(reply: FastifyReply, store: ResourceStore, type: string, id: string | undefined): FastifyReply {
  const versionId = id === undefined ? undefined : store.versions(type, id).at(-1)?.versionId
  return versionId === undefined ? reply : reply.header('etag', `W/"${versionId}"`)
}

function locationOf({ resourceType, id, meta }: Resource, base: string): string {
  return `${base}/${resourceType}/${id}/_history/${meta?.versionId}`
}

/** @throws Refusal 400 for another value than strict or lenient. */
function isStrict(request: FastifyRequest): boolean {
  const handling = /(?:^|[;,\s])handling=([^;,\s]*)/.exec(String(request.headers.prefer ?? ''))?.[1]
  if (handling !== undefined && handling !== 'strict' && handling !== 'lenient')
    throw refuse(400, 'invalid', `The value '${handling}' of handling in the "Prefer" header is not one of strict, lenient.`)
  return handling === 'strict'
}

function queryOf(request: FastifyRequest): Pair[] {
  return [...new URL(request.url, 'http://localhost').searchParams]
}

/** @throws Refusal 415 for a body that is no form: its parameters would be lost without a word. */
function formOf({ body }: FastifyRequest): Pair[] {
  if (body === undefined || body === null) return []
  if (!Array.isArray(body) || body.some(pair => !Array.isArray(pair)))
    throw refuse(415, 'not-supported', `The "content-type" header must be 'application/x-www-form-urlencoded'.`)
  return body
}
