// The history of a resource, of a type and of everything, newest first, in pages.
import type { Bundle, BundleEntry } from '@medplum/fhirtypes'
import { decodeContinuation, encodeContinuation } from './continuation.ts'
import { bundleHead, type FhirRequest, type Ground, type Interaction } from './exchange.ts'
import { asInstant } from './instant.ts'
import { linksOf } from './links.ts'
import { refuse } from './refusal.ts'
import { defaultCount, maxCount, type Pair } from './search-plan.ts'
import type { Version } from './version-log.ts'

type Window = { since?: string; before?: string; count: number; countOnly: boolean; ascending: boolean; after?: number }

/** The parameters that the Azure service knows here; it passes over all others. */
const known = ['_since', '_before', '_count', '_sort', '_summary', 'ct']

/** History of what the path names: a resource, a type, or everything. */
export function history(ground: Ground): Interaction {
  const { store, base, now } = ground
  return async request => {
    const { type, id } = request.parameters
    const window = readWindow(request.query, now())
    const versions = type !== undefined && id !== undefined ? store.versions(type, id) : store.allVersions()
    if (id !== undefined && versions.length === 0)
      throw refuse(404, 'not-found', `Resource type '${type}' with id '${id}' couldn't be found.`)
    const matches = versions.filter(version => (type === undefined || version.type === type) && isWithin(version, window))
    const ordered = window.ascending ? matches : matches.toReversed()
    const rest = ordered.filter(({ sequence }) => isAfter(sequence, window))
    const page = window.countOnly ? [] : rest.slice(0, window.count)
    return {
      status: 200,
      resource: historyBundle(request, ground, window, { total: matches.length, page, more: rest.length > page.length }, base()),
    }
  }
}

type Found = { total: number; page: Version[]; more: boolean }

function historyBundle(request: FhirRequest, ground: Ground, { countOnly }: Window, { total, page, more }: Found, base: string): Bundle {
  const last = page.at(-1)
  const [path = ''] = request.target.split('?', 1)
  const used = request.query.filter(([name]) => known.includes(name))
  return {
    ...bundleHead(request, ground),
    type: 'history',
    ...(countOnly && { total }),
    link: linksOf(`${base}${path}`, used, more && last ? encodeContinuation({ sequence: last.sequence }) : undefined),
    ...(page.length > 0 && { entry: page.map(version => historyEntry(version, base)) }),
  }
}

function historyEntry({ type, id, method, versionId, lastUpdated, resource }: Version, base: string): BundleEntry {
  const status = method === 'DELETE' ? '204 NoContent' : method === 'POST' || versionId === '1' ? '201 Created' : '200 OK'
  return {
    fullUrl: `${base}/${type}/${id}`,
    ...(resource && { resource }),
    request: { method, url: method === 'POST' ? type : `${type}/${id}` },
    response: { status, etag: `W/"${versionId}"`, lastModified: lastUpdated },
  }
}

function readWindow(query: Pair[], now: string): Window {
  const parameters = new Map(query)
  const instant = (name: string) => {
    const value = parameters.get(name)
    return value === undefined ? undefined : asInstant(name, value)
  }
  const [since, before] = [instant('_since'), instant('_before')]
  if (before !== undefined && before > now) throw refuse(403, 'not-supported', 'Parameter _before cannot a be a value in the future.')
  const count = parameters.get('_count') ?? String(defaultCount)
  if (!/^\d{1,9}$/.test(count)) throw refuse(400, 'invalid', 'The count must be greater than zero.')
  const sort = parameters.get('_sort') ?? '-_lastUpdated'
  if (sort.replace(/^-/, '') !== '_lastUpdated') throw refuse(403, 'not-supported', `Sorting by the '${sort}' parameter is not supported.`)
  const ct = parameters.get('ct')
  return {
    ...(since !== undefined && { since }),
    ...(before !== undefined && { before }),
    ...(ct !== undefined && { after: decodeContinuation(ct).sequence }),
    count: Math.min(Number(count), maxCount),
    countOnly: Number(count) === 0 || parameters.get('_summary') === 'count',
    ascending: !sort.startsWith('-'),
  }
}

function isWithin({ lastUpdated }: Version, { since, before }: Window): boolean {
  return (since === undefined || lastUpdated >= since) && (before === undefined || lastUpdated < before)
}

function isAfter(sequence: number, { after, ascending }: Window): boolean {
  return after === undefined || (ascending ? sequence > after : sequence < after)
}
