// Searches a resource type and pages through what it found, with absolute links.
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes'
import { encodeContinuation } from './continuation.ts'
import { loadDefinitions } from './definitions.ts'
import { linksOf } from './links.ts'
import { getExtraEntries, toPeriod } from './medplum.ts'
import { outcomeOf } from './refusal.ts'
import type { ResourceStore } from './resource-store.ts'
import { parameterOf, valuesOf } from './search-filter.ts'
import { anyType, type SearchPlan } from './search-plan.ts'
import { subset } from './subset.ts'
import type { LiveVersion } from './version-log.ts'

type Match = LiveVersion & { key?: string | number }

/**
 * @param base - The service's origin, without a trailing slash: links and full URLs are absolute.
 * @param request - `path` is that of the links when it is not the type's own.
 * @returns A searchset as the Azure service writes it: `self`, `next` while there is more, a total only when it was asked for.
 */
export async function search(
  store: ResourceStore,
  plan: SearchPlan,
  base: string,
  request: { id: string; now: string; path?: string },
): Promise<Bundle> {
  const matches = ordered(find(store, plan), plan)
  const rest = matches.filter(isAfter(plan))
  const page = plan.countOnly ? [] : rest.slice(0, plan.count)
  const last = page.at(-1)
  const next = last && rest.length > page.length ? encodeContinuation(last) : undefined
  const entry = [...issueEntries(plan, request.id), ...(await resourceEntries(store, page, plan, base))]
  return {
    resourceType: 'Bundle',
    id: request.id,
    meta: { lastUpdated: request.now },
    type: 'searchset',
    ...(plan.total && { total: matches.length }),
    link: linksOf(`${base}/${request.path ?? (plan.type === anyType ? '' : plan.type)}`, plan.used, next),
    ...(entry.length > 0 && { entry }),
  }
}

function find(store: ResourceStore, { type, types, predicates }: SearchPlan): LiveVersion[] {
  if (type !== anyType) return store.find(type, predicates)
  const found = [...loadDefinitions()].flatMap(one => (types?.includes(one) === false ? [] : store.find(one, predicates)))
  return found.toSorted((a, b) => a.sequence - b.sequence)
}

function ordered(matches: Match[], { type, sort }: SearchPlan): Match[] {
  if (!sort) return matches
  const parameter = parameterOf(type, sort.code)
  const keyed = matches.map(match => {
    const key = sortKey(valuesOf(parameter, match.resource)[0]?.value)
    return { ...match, ...(key !== undefined && { key }) }
  })
  return keyed.toSorted((a, b) => compare(a, b, sort.descending))
}

/** Resources without the sort key come last, whichever the direction. */
function compare(a: Pick<Match, 'key' | 'sequence'>, b: Pick<Match, 'key' | 'sequence'>, descending: boolean): number {
  if (a.key === b.key) return a.sequence - b.sequence
  if (a.key === undefined || b.key === undefined) return a.key === undefined ? 1 : -1
  return (a.key < b.key ? -1 : 1) * (descending ? -1 : 1)
}

function sortKey(value: unknown): string | number | undefined {
  if (typeof value === 'number') return value
  const period = toPeriod(value)
  if (period) return period.start ?? period.end
  if (typeof value === 'string') return value.toLowerCase()
  if (typeof value !== 'object' || value === null) return undefined
  const { family, value: quantity, text, reference } = value as Record<'family' | 'value' | 'text' | 'reference', unknown>
  const key = family ?? quantity ?? text ?? reference
  return typeof key === 'number' ? key : typeof key === 'string' ? key.toLowerCase() : undefined
}

/** Pages go on behind an entry, not at an offset, so that none is lost or doubled when resources come and go between two pages. */
function isAfter({ after, sort }: SearchPlan): (match: Match) => boolean {
  if (!after) return () => true
  return match => compare(match, after, sort?.descending ?? false) > 0
}

async function resourceEntries(store: ResourceStore, page: Match[], plan: SearchPlan, base: string): Promise<BundleEntry[]> {
  const entries: BundleEntry[] = page.map(({ resource }) => ({ resource, search: { mode: 'match' } }))
  const { include, revInclude } = plan
  const resources = page.map(({ resource }) => resource)
  await getExtraEntries(store, { resourceType: plan.type as Resource['resourceType'], include, revInclude }, resources, entries)
  return entries.map(({ resource, search }) => ({
    fullUrl: `${base}/${resource?.resourceType}/${resource?.id}`,
    ...(resource && { resource: search?.mode === 'match' ? subset(resource, plan) : resource }),
    ...(search && { search }),
  }))
}

function issueEntries({ issues }: SearchPlan, requestId: string): BundleEntry[] {
  return issues.length === 0 ? [] : [{ resource: outcomeOf(issues, requestId), search: { mode: 'outcome' } }]
}
