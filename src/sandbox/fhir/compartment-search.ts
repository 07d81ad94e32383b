// Searches the resources of one type that belong to a patient: `GET /Patient/ID/TYPE`.
import { membershipIn } from './compartment.ts'
import type { Ground, Interaction } from './exchange.ts'
import { readPreferences } from './prefer.ts'
import { refuse } from './refusal.ts'
import { search } from './search.ts'
import { planSearch } from './search-plan.ts'

export function searchCompartment({ store, base, now }: Ground): Interaction {
  return async request => {
    const { type, id = '', member = '' } = request.parameters
    const belongs = type === 'Patient' ? membershipIn(id, member) : undefined
    if (!belongs) throw refuse(404, 'not-found', `Resource type '${member}' is not part of a compartment of '${type}'.`)
    const strict = readPreferences(request.field('prefer')).handling === 'strict'
    const plan = planSearch(member, request.query, strict, store)
    plan.predicates.push(belongs)
    return { status: 200, resource: await search(store, plan, base(), { id: request.id, now: now(), path: `Patient/${id}/${member}` }) }
  }
}
