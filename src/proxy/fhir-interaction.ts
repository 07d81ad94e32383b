// Tells the FHIR interaction of a request from its method and path (RESTful API, FHIR R4).
import type { Interaction } from '../terms/interaction.ts'
import { fhirTypes, readingOperations, writingOperations } from './fhir-types.ts'

const words: ReadonlySet<string> = new Set([
  ...['metadata', '_search', '_history', '_operations', '.well-known', 'smart-configuration', 'health', 'check'],
])
/** The kinds of work whose status stands below `_operations`. */
const jobs: ReadonlySet<string> = new Set(['export', 'import', 'reindex', 'bulk-delete', 'bulk-update'])

/** `segments` are the decoded segments of the path below the base, `query` the query as it was sent. */
export function classifyFhir(method: string, segments: readonly string[], query: string): Interaction {
  const template = `/${segments.map(placeOf).join('/')}`
  const is = (name: string, reads: boolean, group = name): Interaction => ({ name, group, reads, template })
  const operation = segments.find(segment => segment.startsWith('$'))?.toLowerCase()
  const safe = method === 'GET' || method === 'HEAD'
  if (operation === '$document') return is(operation, safe && storesNothing(query), 'operation')
  if (operation !== undefined) return is(operation, (safe || method === 'POST') && readingOperations.has(operation), 'operation')
  const last = segments.at(-1)
  if (segments[0] === '_operations') return safe ? is('read', true) : is('other', false, 'operation')
  if (method === 'OPTIONS' || (safe && (last === 'metadata' || segments[0] === '.well-known'))) return is('capabilities', true)
  if (safe && last === '_history') return is('history', true)
  if (safe) return isInstance(segments) ? is('read', true) : is('search', true)
  if (method === 'POST' && last === '_search') return is('search', true)
  if (method === 'POST') return segments.length === 0 ? is('transaction', false) : is('create', false)
  if (method === 'PUT') return is('update', false)
  if (method === 'PATCH') return is('patch', false)
  return method === 'DELETE' ? is('delete', false) : is('other', false)
}

/** `$document` stores the Bundle that it makes, or lets the server decide, unless told not to (Composition $document, FHIR R4). */
function storesNothing(query: string): boolean {
  const said = [...new URLSearchParams(query)].filter(([name]) => name.trim().toLowerCase() === 'persist')
  return said.length === 1 && said[0]?.[1] === 'false'
}

/** `Patient/1`, or a version of it; a compartment's search has another type or `*` in the third place. */
function isInstance(segments: readonly string[]): boolean {
  return segments.length === 2 ? segments[1] !== '_search' : segments.length === 4 && segments[2] === '_history'
}

function placeOf(segment: string, index: number, all: readonly string[]): string {
  if (fhirTypes.has(segment) || words.has(segment) || segment === '*') return segment
  if (all[index - 1] === '_operations' && jobs.has(segment)) return segment
  if (all[index - 1] === '_history') return '{version}'
  if (segment[0] !== '$') return '{id}'
  const name = segment.toLowerCase()
  return readingOperations.has(name) || writingOperations.has(name) ? name : '{operation}'
}
