// What an interaction is asked and what it answers, whether it came over HTTP by itself or as an entry of a Bundle.
import type { Access } from '../access.ts'
import type { ResourceStore } from './resource-store.ts'
import type { Pair } from './search-plan.ts'

export type FhirRequest = {
  method: string
  /** Path and query. */
  target: string
  /** What the route found in the path. */
  parameters: { type?: string; id?: string; version?: string; member?: string }
  query: Pair[]
  /** The parsed body: JSON, or the pairs of a form. */
  body: unknown
  /** A header field by its name in lower case. */
  field: (name: string) => string | undefined
  /** The service's own id of the request; the outcomes and Bundles that answer it have it too. */
  id: string
  permits: (access: Exclude<Access, 'public'>) => boolean
  /** The id that a transaction has already given to the resource that this request creates. */
  assignedId?: string
}

export type FhirAnswer = { status: number; resource?: object; fields?: Record<string, string> }

/** Answers a request. @throws Refusal */
export type Interaction = (request: FhirRequest) => Promise<FhirAnswer>

export type FhirRoute = { method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'; url: string; access: Access; handle: Interaction }

/** What all interactions stand on. */
export type Ground = {
  store: ResourceStore
  /** Origin of the service, without a trailing slash. */
  base: () => string
  /** The instant that it is. */
  now: () => string
}

/** What every Bundle of this service begins with. */
export function bundleHead(request: Pick<FhirRequest, 'id'>, { now }: Pick<Ground, 'now'>) {
  return { resourceType: 'Bundle' as const, id: request.id, meta: { lastUpdated: now() } }
}
