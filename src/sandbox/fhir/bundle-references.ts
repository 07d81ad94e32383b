// Gives the resources of a transaction their ids, and lets its references lead to them.
import type { Resource } from '@medplum/fhirtypes'
import type { Entry } from './bundle-entries.ts'
import { matchAll } from './conditional.ts'
import { loadDefinitions } from './definitions.ts'
import { refuse } from './refusal.ts'
import type { ResourceStore } from './resource-store.ts'
import type { Pair } from './search-plan.ts'

/** By the full URL of an entry: the resource that is there, or the one that the entry will create. */
export type Identities = Map<string, { type: string; id: string; existing: boolean }>

/**
 * Finds what each entry acts on, before any of them acts.
 * @throws Refusal 400 when two act on the same resource, 412 when the criteria of one fit several.
 */
export function identify(entries: Entry[], store: ResourceStore): Identities {
  const identities: Identities = new Map()
  const seen = new Set<string>()
  for (const entry of entries) {
    const { request, fullUrl, resource } = entry
    if (request.method === 'GET' || request.url.includes('$')) continue
    const criteria = criteriaOf(entry)
    const match = criteria && matchIn(store, criteria)
    const key = criteria ? match && `${match.type}/${match.id}` : request.method === 'POST' ? fullUrl : request.url
    if (key) {
      if (seen.has(key)) throw refuse(400, 'invalid', `Bundle contains multiple entries that refers to the same resource '${request.url}'.`)
      seen.add(key)
    }
    if (!fullUrl || !resource) continue
    if (match) identities.set(fullUrl, { ...match, existing: true })
    else if (request.method === 'POST' || criteria) identities.set(fullUrl, newIdentity(store, entry, resource))
  }
  return identities
}

function newIdentity(
  store: ResourceStore,
  { request }: Entry,
  { resourceType, id }: Resource,
): { type: string; id: string; existing: boolean } {
  const chosen = request.method === 'PUT' && id
  return { type: resourceType, id: chosen || store.generateId(), existing: false }
}

type Criteria = { type: string; pairs: Pair[]; text: string }

function criteriaOf({ request: { method, url, ifNoneExist } }: Entry): Criteria | undefined {
  const [type = '', query] = url.replace(/^\//, '').split('?', 2)
  const text = method === 'POST' ? ifNoneExist : query
  return text ? { type, pairs: [...new URLSearchParams(text)], text } : undefined
}

function matchIn(store: ResourceStore, { type, pairs, text }: Criteria): { type: string; id: string } | undefined {
  const [match, ...others] = matchAll(store, type, pairs)
  if (others.length === 0) return match && { type, id: match.resource.id }
  throw refuse(
    412,
    'conflict',
    `Operation was not attempted because search criteria was not selective enough for query parameter '${text}'.`,
  )
}

/** A copy in which every reference to an entry, and every one by criteria, has become `Type/id`. @throws Refusal 400 */
export function resolveReferences<T>(value: T, identities: Identities, store: ResourceStore): T {
  if (Array.isArray(value)) return value.map(one => resolveReferences(one, identities, store)) as T
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, part]) => {
    if (name === 'reference' && typeof part === 'string') return [name, resolve(part, identities, store)]
    return [name, resolveReferences(part, identities, store)]
  })
  return Object.fromEntries(entries)
}

function resolve(reference: string, identities: Identities, store: ResourceStore): string {
  const identity = identities.get(reference)
  if (identity) return `${identity.type}/${identity.id}`
  const [type = '', query] = reference.split('?', 2)
  if (query === undefined) return reference
  if (!loadDefinitions().has(type))
    throw refuse(400, 'invalid', `Resource type '${type}' in the reference '${reference}' is not supported.`)
  const [match, ...others] = matchAll(store, type, [...new URLSearchParams(query)])
  if (!match) throw refuse(400, 'invalid', `Given conditional reference '${reference}' does not resolve to a resource.`)
  if (others.length > 0) throw refuse(400, 'invalid', `Given conditional reference '${reference}' resolved to multiple resources.`)
  return `${type}/${match.resource.id}`
}
