// Finds what a conditional interaction means: the resources that fulfil its criteria.
import { refuse } from './refusal.ts'
import type { ResourceStore } from './resource-store.ts'
import { type Pair, planSearch } from './search-plan.ts'
import type { LiveVersion } from './version-log.ts'

/**
 * All resources that fulfil the criteria.
 * @throws Refusal 400 for a criterion that is not supported, which must not match all; 412 when there is none at all.
 */
export function matchAll(store: ResourceStore, type: string, criteria: Pair[]): LiveVersion[] {
  const { predicates } = planSearch(type, criteria, true, store)
  if (predicates.length === 0) throw notSelective(type)
  return store.find(type, predicates)
}

/** The one resource that fulfils the criteria, undefined when none does. @throws Refusal 412 when several do. */
export function matchOne(store: ResourceStore, type: string, criteria: Pair[]): LiveVersion | undefined {
  const [match, ...others] = matchAll(store, type, criteria)
  if (others.length > 0) throw notSelective(type)
  return match
}

export function notSelective(type: string) {
  const text = `Conditional operation on ${type} was not attempted because search criteria was not selective enough.`
  return refuse(412, 'conflict', text)
}

/** The version that an If-Match field names. @throws Refusal 400 for anything but one weak entity tag. */
export function readIfMatch(field: string | undefined): { ifMatch?: string } {
  if (field === undefined || field.trim() === '') return {}
  const [, ifMatch] = /^W\/"(.+)"$/.exec(field) ?? []
  if (ifMatch === undefined) throw refuse(400, 'invalid', `WeakETag '${field}' must be in the weak ETag format.`)
  return { ifMatch }
}
