// Reads a search's parameters: what to find, how much of it, in what order, and what had to be left out.
import type { OperationOutcomeIssue } from '@medplum/fhirtypes'
import { type Continuation, decodeContinuation } from './continuation.ts'
import { loadDefinitions } from './definitions.ts'
import { getSearchParameters, parseSearchRequest, type SearchRequest } from './medplum.ts'
import { refuse } from './refusal.ts'
import { compileFilter, isSupported, type Lookup, notSupported, type Predicate } from './search-filter.ts'
import { demandSummary } from './subset.ts'

export type Pair = [name: string, value: string]

/** The type of searches across all types. */
export const anyType = 'Resource'

export type SearchPlan = {
  type: string
  /** The types that a search across all types is confined to. */
  types?: string[]
  predicates: Predicate[]
  /** Resources a page, 1 to 1000. */
  count: number
  countOnly: boolean
  total: boolean
  sort?: { code: string; descending: boolean }
  after?: Continuation
  include: NonNullable<SearchRequest['include']>
  revInclude: NonNullable<SearchRequest['revInclude']>
  elements?: string[]
  summary?: string
  /** The parameters that were used: those of the self link. */
  used: Pair[]
  issues: OperationOutcomeIssue[]
}

export const defaultCount = 10
export const maxCount = 1000

/** Takes a parameter into the plan, or says why it is left out. */
type Reader = (plan: SearchPlan, value: string, name: string) => string | undefined

/** The parameters that are no criteria but steer the answer. */
const readers: Record<string, Reader> = {
  _count: readCount,
  ct: (plan, value) => {
    plan.after = decodeContinuation(value)
    return undefined
  },
  _total: readTotal,
  _summary: readSummary,
  _elements: (plan, value) => {
    plan.elements = value.split(',')
    return undefined
  },
  _sort: readSort,
  _include: readInclude,
  _revinclude: readInclude,
  _type: readTypes,
  _format: () => undefined,
  _pretty: () => undefined,
}

/**
 * @param strict - Whether the client asked for `Prefer: handling=strict`: parameters that are not supported refuse the search,
 *   otherwise they are left out with a warning in the Bundle (the Azure service's rule).
 * @throws Refusal 400
 */
export function planSearch(type: string, pairs: Pair[], strict: boolean, lookup: Lookup): SearchPlan {
  const plan: SearchPlan = {
    ...{ type, predicates: [], count: defaultCount, countOnly: false, total: false },
    ...{ include: [], revInclude: [], used: [], issues: [] },
  }
  const unsupported: string[] = []
  for (const [name, value] of pairs) {
    const base = name.split(':')[0] ?? ''
    const reader = Object.hasOwn(readers, base) ? readers[base] : readCriterion(lookup)
    const warning = value === '' ? notSupported(type, name) : reader?.(plan, value, name)
    if (warning === undefined) plan.used.push([name, value])
    else unsupported.push(warning)
  }
  if (plan.elements && plan.summary) throw refuse(400, 'invalid', "The parameters '_summary' and '_elements' cannot be used together.")
  if (strict && unsupported.length > 0) throw refuse(400, 'not-supported', unsupported.join(' '))
  plan.issues.push(...unsupported.map(diagnostics => ({ severity: 'warning' as const, code: 'not-supported' as const, diagnostics })))
  return plan
}

function readCriterion(lookup: Lookup): Reader {
  return (plan, value, name) => {
    if (!isSupported(plan.type, name)) return notSupported(plan.type, name)
    plan.predicates.push(compileFilter(plan.type, name, value, lookup))
    return undefined
  }
}

function readCount(plan: SearchPlan, value: string): undefined {
  if (!/^\d{1,9}$/.test(value)) throw refuse(400, 'invalid', 'The count must be greater than zero.')
  const count = Number(value)
  if (count === 0) plan.countOnly = plan.total = true
  else plan.count = Math.min(count, maxCount)
  if (count > maxCount) {
    const diagnostics = `The '_count' parameter exceeds limit configured for server. Current limit is ${maxCount} while \`_count\` parameter set to ${count}.`
    plan.issues.push({ severity: 'information', code: 'informational', diagnostics })
  }
}

function readTotal(plan: SearchPlan, value: string): undefined {
  if (value !== 'accurate' && value !== 'none')
    throw refuse(
      value === 'estimate' ? 403 : 400,
      'not-supported',
      `The '_total' parameter value '${value}' is not supported. The supported values are: accurate, none.`,
    )
  plan.total = value === 'accurate'
}

function readTypes(plan: SearchPlan, value: string, name: string): string | undefined {
  if (plan.type !== anyType) return notSupported(plan.type, name)
  plan.types = value.split(',')
  const unknown = plan.types.filter(type => !loadDefinitions().has(type))
  if (unknown.length > 0) throw refuse(400, 'invalid', `The '_type' parameter contains unknown resource(s): ${unknown.join(', ')}`)
  return undefined
}

function readSummary(plan: SearchPlan, value: string): undefined {
  demandSummary(value)
  if (value === 'count') plan.countOnly = plan.total = true
  else if (value !== 'false') plan.summary = value
}

function readSort(plan: SearchPlan, value: string): string | undefined {
  const descending = value.startsWith('-')
  const code = descending ? value.slice(1) : value
  if (value.includes(',')) return 'Multiple sort parameters are currently not supported. Only a single sort parameter is supported.'
  if (!isSupported(plan.type, code)) return `Sorting by the '${code}' parameter is not supported.`
  plan.sort = { code, descending }
  return undefined
}

function readInclude(plan: SearchPlan, value: string, name: string): undefined {
  for (const one of expandWildcard(value, name.startsWith('_include') ? plan.type : undefined)) {
    const [source = '', code = ''] = one.split(':')
    if (!loadDefinitions().has(source) || !isSupported(source, code))
      throw refuse(400, 'invalid', `The value '${value}' of ${name} names no search parameter.`)
    const { include = [], revInclude = [] } = parseSearchRequest('Patient', { [name.replace(':recurse', ':iterate')]: one })
    plan.include.push(...include)
    plan.revInclude.push(...revInclude)
  }
}

/** `Type:*`, and `*` for the searched type, stand for all reference parameters of a type. */
function expandWildcard(value: string, searched: string | undefined): string[] {
  const source = value === '*' ? searched : value.endsWith(':*') ? value.slice(0, -2) : undefined
  if (source === undefined) return [value]
  if (!loadDefinitions().has(source)) throw refuse(400, 'invalid', `Resource type '${source}' is not supported.`)
  const parameters = Object.values(getSearchParameters(source) ?? {})
  return parameters.filter(({ type }) => type === 'reference').map(({ code }) => `${source}:${code}`)
}
