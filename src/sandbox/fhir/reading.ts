// Read, vread and search.
import { withVersion } from './answers.ts'
import type { FhirRequest, Ground, Interaction } from './exchange.ts'
import { readPreferences } from './prefer.ts'
import { refuse } from './refusal.ts'
import { search } from './search.ts'
import { anyType, type Pair, planSearch } from './search-plan.ts'

export function read({ store }: Ground): Interaction {
  return async ({ parameters: { type = '', id = '' } }) => withVersion(200, await store.readResource(type, id))
}

export function readVersion({ store }: Ground): Interaction {
  return async ({ parameters: { type = '', id = '', version = '' } }) => withVersion(200, await store.readVersion(type, id, version))
}

/** Without a type in the path the search is across all of them. */
export function searchByGet(ground: Ground): Interaction {
  return async request => answerSearch(ground, request, request.query)
}

export function searchByPost(ground: Ground): Interaction {
  return async request => answerSearch(ground, request, [...request.query, ...formIn(request)])
}

async function answerSearch({ store, base, now }: Ground, request: FhirRequest, pairs: Pair[]) {
  const strict = readPreferences(request.field('prefer')).handling === 'strict'
  const plan = planSearch(request.parameters.type ?? anyType, pairs, strict, store)
  return { status: 200, resource: await search(store, plan, base(), { id: request.id, now: now() }) }
}

/** @throws Refusal 415 for a body that is no form: its parameters would be lost without a word. */
function formIn({ body }: FhirRequest): Pair[] {
  if (body === undefined || body === null) return []
  if (!Array.isArray(body) || body.some(pair => !Array.isArray(pair)))
    throw refuse(415, 'not-supported', `The "content-type" header must be 'application/x-www-form-urlencoded'.`)
  return body
}
