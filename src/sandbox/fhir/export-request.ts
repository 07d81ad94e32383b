// Reads what a bulk export asks for, as strictly as the Azure service does.
import { loadDefinitions } from './definitions.ts'
import type { FhirRequest } from './exchange.ts'
import { asInstant } from './instant.ts'
import { refuse } from './refusal.ts'
import type { ResourceStore } from './resource-store.ts'
import type { Predicate } from './search-filter.ts'
import { planSearch } from './search-plan.ts'

export type ExportRequest = {
  since?: string
  till?: string
  /** The wanted resource types; all unless set. */
  types?: string[]
  /** The folder of the files in the storage; one of the job's own unless set. */
  container?: string
  /** Whether a resource fulfils one of its type's filters; types without a filter pass. */
  isWanted: Predicate
}

const known = ['_outputFormat', '_since', '_till', '_type', '_typeFilter', '_container', '_isParallel', '_maxCount']
const formats = ['application/fhir+ndjson', 'application/ndjson', 'ndjson']

/** @throws Refusal 400 */
export function readExportRequest({ field, query }: FhirRequest, store: ResourceStore): ExportRequest {
  const accept = field('accept')
  if (accept?.toLowerCase() !== 'application/fhir+json')
    throw refuse(400, 'invalid', `Value supplied, ${accept ?? ''},  for the "Accept" header is not supported.`)
  demandAsync(field('prefer'))
  const unknown = query.find(([name]) => !known.includes(name))
  if (unknown) throw refuse(400, 'invalid', `The "${unknown[0]}" parameter is not supported.`)
  const parameters = new Map(query)
  const format = parameters.get('_outputFormat')
  if (format !== undefined && !formats.includes(format.replace(' ', '+')))
    throw refuse(400, 'invalid', `The output format '${format}' is invalid.`)
  const types = parameters.get('_type')?.split(',')
  const foreign = types?.filter(type => !loadDefinitions().has(type)) ?? []
  if (foreign.length > 0) throw refuse(400, 'invalid', `The '_type' parameter contains unknown resource(s): ${foreign.join(', ')}`)
  const container = containerIn(parameters.get('_container'))
  const [since, till] = ['_since', '_till'].map(name => parameters.get(name) && asInstant(name, parameters.get(name) ?? ''))
  return {
    ...(since && { since }),
    ...(till && { till }),
    ...(types && { types }),
    ...(container && { container }),
    isWanted: filterOf(parameters.get('_typeFilter'), types, store),
  }
}

function demandAsync(prefer: string | undefined): void {
  if (prefer === undefined) throw refuse(400, 'invalid', 'Missing required header; Prefer')
  const values = prefer.split(',').map(value => value.trim())
  const other = values.find(value => !/^(respond-async|handling=(strict|lenient))$/i.test(value))
  if (other !== undefined) throw refuse(400, 'invalid', `Value supplied, ${other},  for the "Prefer" header is not supported.`)
  if (!values.some(value => /^respond-async$/i.test(value)))
    throw refuse(400, 'invalid', 'Missing required header value; header=Prefer,value=respond-async.')
}

/** A container's name by the rules of the storage: it becomes a part of paths. */
function containerIn(name: string | undefined): string | undefined {
  if (name === undefined || /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) return name
  throw refuse(400, 'invalid', `The value '${name}' is not valid as a name of a container.`)
}

function filterOf(text: string | undefined, types: string[] | undefined, store: ResourceStore): Predicate {
  if (text === undefined) return () => true
  if (types === undefined) throw refuse(400, 'invalid', 'The _type parameter must be included when using the _typeFilter parameter.')
  const filters = new Map<string, Predicate[]>()
  for (const segment of text.split(/,(?=[A-Z]\w*\?)/)) {
    const [, type = '', query = ''] = /^([A-Z]\w*)\?(.+)$/.exec(segment) ?? []
    if (!types.includes(type)) throw refuse(400, 'invalid', `The _typeFilter segment '${segment}' could not be parsed.`)
    const { predicates } = planSearch(type, [...new URLSearchParams(query)], true, store)
    filters.set(type, [...(filters.get(type) ?? []), resource => predicates.every(holds => holds(resource))])
  }
  return resource => filters.get(resource.resourceType)?.some(holds => holds(resource)) ?? true
}
