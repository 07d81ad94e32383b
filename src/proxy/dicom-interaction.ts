// Tells the DICOMweb transaction of a request from its method and path (PS3.18 chapters 10 and 11; conformance statement of Azure's DICOM service, v2).
import type { Interaction } from '../terms/interaction.ts'

/** What follows each of these words is a value, shown as its place. */
const places: Readonly<Record<string, string>> = {
  studies: '{study}',
  series: '{series}',
  instances: '{instance}',
  frames: '{frames}',
  workitems: '{workitem}',
  partitions: '{partition}',
  extendedquerytags: '{tag}',
  operations: '{id}',
  bulkdata: '{id}',
}
const words: ReadonlySet<string> = new Set([
  ...Object.keys(places),
  ...['metadata', 'rendered', 'thumbnail', 'changefeed', 'latest', 'export', 'state', 'cancelrequest', 'subscribers', 'suspend', 'errors'],
  ...['$bulkupdate', 'api.yaml', 'api.json', 'health', 'check', '1.2.840.10008.5.1.4.34.5', '1.2.840.10008.5.1.4.34.5.1'],
])

/** `segments` are the decoded segments of the path below the base, with or without a partition. */
export function classifyDicom(method: string, segments: readonly string[]): Interaction {
  const named = segments.map(segment => (words.has(segment.toLowerCase()) ? segment.toLowerCase() : segment))
  const template = `/${named.map(placeOf).join('/')}`
  const is = (name: string, reads: boolean, group = name): Interaction => ({ name, group, reads, template })
  const path = named[0] === 'partitions' && named.length > 2 ? named.slice(2) : named
  const last = path.at(-1) ?? ''
  const safe = method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
  if (path[0] === 'export') return safe ? is('read', true) : is('export', false)
  if (safe) return is(readName(path, last), true)
  if (last === '$bulkupdate' || path[0] === 'workitems') return is(path.length === 1 ? 'create' : 'update', false)
  if (path[0] === 'extendedquerytags') return is(method === 'POST' ? 'create' : method === 'DELETE' ? 'delete' : 'update', false)
  if (path[0] === 'studies' && (method === 'POST' || method === 'PUT') && path.length <= 2) return is('store', false)
  return method === 'DELETE' ? is(deletion(path), false, 'delete') : is('other', false)
}

function readName(path: readonly string[], last: string): string {
  const searchable = ['studies', 'series', 'instances', 'workitems'].includes(last)
  if (searchable) return 'search'
  return path[0] === 'studies' ? 'retrieve' : 'read'
}

function deletion(path: readonly string[]): string {
  const levels = ['studies', 'series', 'instances']
  const fits = path.length % 2 === 0 && path.length <= 6 && path.every((word, index) => index % 2 === 1 || word === levels[index / 2])
  return fits && path.length > 0 ? (['delete-study', 'delete-series', 'delete-instance'][path.length / 2 - 1] ?? 'delete') : 'delete'
}

function placeOf(segment: string, index: number, all: readonly string[]): string {
  const place = places[all[index - 1] ?? '']
  if (place !== undefined && !segment.startsWith('$')) return place
  return words.has(segment) ? segment : '{id}'
}
