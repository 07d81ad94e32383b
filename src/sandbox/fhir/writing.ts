// Create, update, patch and delete, by id and by criteria.
import type { Parameters, Resource } from '@medplum/fhirtypes'
import { asPreferred, withVersion } from './answers.ts'
import { matchAll, matchOne, notSelective, readIfMatch } from './conditional.ts'
import type { FhirAnswer, FhirRequest, Ground, Interaction } from './exchange.ts'
import type { Operation } from './medplum.ts'
import { readPreferences } from './prefer.ts'
import { refuse } from './refusal.ts'
import type { Pair } from './search-plan.ts'

/** Resources that one conditional delete takes at most. */
const maxDeleted = 100

/** With If-None-Exist a create happens only when nothing fulfils its criteria; one that does is the answer instead. */
export function create({ store, base }: Ground): Interaction {
  return async request => {
    const resource = resourceIn(request)
    // The Azure service heeds `return` where something may be created, and nowhere else.
    const preferences = readPreferences(request.field('prefer'))
    const condition = request.field('if-none-exist')
    const match = condition === undefined ? undefined : matchOne(store, resource.resourceType, [...new URLSearchParams(condition)])
    if (match) return asPreferred(withVersion(200, match.resource, base()), preferences, 'The resource already exists.')
    const { assignedId } = request
    const created = await store.createResource(
      { ...resource, ...(assignedId && { id: assignedId }) },
      { assignedId: assignedId !== undefined },
    )
    return asPreferred(withVersion(201, created, base()), preferences, 'A new resource was created.')
  }
}

/** Creates at the id that it names when nothing is there. */
export function update({ store, base }: Ground): Interaction {
  return async request => {
    const resource = resourceIn(request)
    if (resource.id !== request.parameters.id) throw refuse(400, 'invalid', 'Id in the URL must match id in the resource.')
    readPreferences(request.field('prefer'))
    return put({ store, base }, resource, readIfMatch(request.field('if-match')))
  }
}

export function conditionalUpdate({ store, base }: Ground): Interaction {
  return async request => {
    const resource = resourceIn(request)
    const match = matchOne(store, resource.resourceType, request.query)?.resource
    const { id = match?.id } = resource
    if (id === undefined) {
      const { assignedId } = request
      const created = await store.createResource(
        { ...resource, ...(assignedId && { id: assignedId }) },
        { assignedId: assignedId !== undefined },
      )
      return withVersion(201, created, base())
    }
    if (match && match.id !== id)
      throw refuse(400, 'invalid', `Found result with Id '${match.id}', which did not match the provided Id '${id}'.`)
    return put({ store, base }, { ...resource, id }, readIfMatch(request.field('if-match')))
  }
}

async function put(
  { store, base }: Pick<Ground, 'store' | 'base'>,
  resource: Resource,
  condition: { ifMatch?: string },
): Promise<FhirAnswer> {
  const existed = store.current(`${resource.resourceType}/${resource.id}`) !== undefined
  const stored = await store.updateResource(resource, condition)
  return existed ? withVersion(200, stored) : withVersion(201, stored, base())
}

export function patch({ store }: Ground): Interaction {
  return async request => {
    const { type = '', id = '' } = request.parameters
    readPreferences(request.field('prefer'))
    const condition = readIfMatch(request.field('if-match'))
    return withVersion(200, await store.patchResource(type as Resource['resourceType'], id, patchIn(request), condition))
  }
}

export function conditionalPatch(ground: Ground): Interaction {
  return async request => {
    const { type = '' } = request.parameters
    const match = matchOne(ground.store, type, request.query)
    if (!match) throw refuse(404, 'not-found', `No resource of type '${type}' fulfils the criteria.`)
    return patch(ground)({ ...request, parameters: { type, id: match.resource.id } })
  }
}

/** Deleting is idempotent: what is not there is as good as deleted. */
export function remove({ store }: Ground): Interaction {
  return async request => {
    const { type = '', id = '' } = request.parameters
    await store.deleteResource(type, id, readIfMatch(request.field('if-match')))
    if (isHard(request.query)) store.erase(type, id)
    const versionId = store.versions(type, id).at(-1)?.versionId
    return { status: 204, ...(versionId && { fields: { etag: `W/"${versionId}"` } }) }
  }
}

/** Deletes the one match, or with `_count` up to that many. */
export function conditionalRemove(ground: Ground): Interaction {
  const { store } = ground
  return async request => {
    const { type = '' } = request.parameters
    const count = readCount(request.query)
    const matches = matchAll(
      store,
      type,
      request.query.filter(([name]) => !hardDelete.test(name) && name !== '_count'),
    )
    if (count === undefined && matches.length > 1) throw notSelective(type)
    let answer: FhirAnswer = { status: 204 }
    const removed = matches.slice(0, count)
    for (const { resource } of removed) answer = await remove(ground)({ ...request, parameters: { type, id: resource.id } })
    return count === undefined ? answer : { status: 204, fields: { 'items-deleted': String(removed.length) } }
  }
}

const hardDelete = /^_?hardDelete$/

function isHard(query: Pair[]): boolean {
  return query.some(([name, value]) => hardDelete.test(name) && value === 'true')
}

function readCount(query: Pair[]): number | undefined {
  const text = query.find(([name]) => name === '_count')?.[1]
  if (text === undefined) return undefined
  if (/^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= maxDeleted) return Number(text)
  throw refuse(400, 'invalid', `The _count parameter must be between 1 and ${maxDeleted}.`)
}

/** @throws Refusal 400 unless the body is a resource of the type in the URL. */
function resourceIn({ body, parameters: { type } }: FhirRequest): Resource {
  const resource = (body ?? {}) as Partial<Resource>
  if (typeof body !== 'object' || Array.isArray(body) || typeof resource.resourceType !== 'string')
    throw refuse(400, 'invalid', 'The request body must be a FHIR resource in JSON.')
  if (resource.resourceType !== type) throw refuse(400, 'invalid', 'Resource type in the URL must match resourceType in the resource.')
  return resource as Resource
}

/** JSON Patch is a list of operations, FHIRPath Patch a Parameters resource. @throws Refusal 400, 415 */
function patchIn({ body, field }: FhirRequest): Operation[] | Parameters {
  const mediaType = (field('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (mediaType === 'application/json-patch+json') {
    if (Array.isArray(body)) return body
    throw refuse(400, 'invalid', 'A JSON Patch must be a list of operations.')
  }
  const parameters = (body ?? {}) as Partial<Parameters>
  if (parameters.resourceType === 'Parameters') return parameters as Parameters
  throw refuse(400, 'invalid', 'A FHIRPath Patch must be a Parameters resource; for a JSON Patch say application/json-patch+json.')
}
