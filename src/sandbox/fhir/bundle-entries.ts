// Reads the entries of a batch or a transaction: what each asks, and what no entry may ask.
import type { BundleEntry, BundleEntryRequest, Resource } from '@medplum/fhirtypes'
import type { FhirRequest } from './exchange.ts'
import { refuse } from './refusal.ts'

export type Asked = Required<Pick<BundleEntryRequest, 'method' | 'url'>> & Omit<BundleEntryRequest, 'method' | 'url'>

/** An entry that asks something. */
export type Entry = Omit<BundleEntry, 'request' | 'resource'> & { request: Asked; resource?: Resource }

/** The order in which the Azure service carries entries out, which is FHIR's for a transaction (R4, RESTful API, 3.1.0.11.2). */
export const methodOrder = ['DELETE', 'POST', 'PUT', 'PATCH', 'GET'] as const

/** Entries of one Bundle. */
const entryLimit = 500

/** The entries of a Bundle in JSON as it came. @throws Refusal 400 for what is no list of entries, and for too many of them. */
export function readEntries(bundle: { entry?: unknown }): BundleEntry[] {
  const { entry = [] } = bundle
  if (!Array.isArray(entry) || entry.some(one => typeof one !== 'object' || one === null))
    throw refuse(400, 'invalid', 'Bundle.entry must be a list of entries.')
  if (entry.length > entryLimit)
    throw refuse(400, 'invalid', `The number of entries in the bundle exceeded the configured limit of ${entryLimit}.`)
  return entry
}

/** Whether an entry asks something that there is. */
export function isEntry(entry: BundleEntry): entry is Entry {
  const { method, url } = entry.request ?? {}
  return methodOrder.some(one => one === method) && typeof url === 'string' && url.trim() !== ''
}

/** @throws Refusal 400 for what a transaction cannot hold, in the Azure service's words. */
export function demandTransactional(entry: BundleEntry): asserts entry is Entry {
  const { method, url } = entry.request ?? {}
  if (typeof url !== 'string' || url.trim() === '') throw refuse(400, 'invalid', 'Bundle.entry.request.url is required.')
  if (!isEntry(entry)) throw refuse(400, 'invalid', `Requested operation '${url}' is invalid using the request method ${method ?? ''}.`)
  if ((method === 'POST' && url.includes('_search')) || (method === 'DELETE' && url.includes('?')))
    throw refuse(400, 'invalid', `Requested operation '${url}' is not supported using ${method}.`)
  if (entry.resource?.resourceType === 'Bundle') throw refuse(400, 'invalid', 'Requested operation does not support resource type: Bundle.')
}

/** The path, and the query with what follows; URLs of entries are relative to the service. @throws Refusal 400 */
export function targetOf({ url }: Asked, base: string): string {
  const absolute = URL.canParse(url, `${base}/`) ? new URL(url, `${base}/`) : undefined
  if (absolute === undefined || absolute.origin !== new URL(base).origin) throw refuse(400, 'invalid', `The url '${url}' leads elsewhere.`)
  return `${absolute.pathname}${absolute.search}`
}

/** The header fields that an entry stands for; the preferences are those of the Bundle's own request. */
export function fieldOf({ request, resource }: Entry, outer: FhirRequest): FhirRequest['field'] {
  const { ifMatch, ifNoneExist } = request
  const binary = binaryPatchIn(resource)
  const fields: Record<string, string | undefined> = {
    'if-match': ifMatch,
    'if-none-exist': ifNoneExist,
    prefer: outer.field('prefer'),
    'content-type': binary ? 'application/json-patch+json' : 'application/fhir+json',
  }
  return name => (Object.hasOwn(fields, name) ? fields[name] : undefined)
}

/** A JSON Patch is no resource: it comes as a Binary. @throws Refusal 400 when it holds none. */
export function bodyOf({ request, resource }: Entry): unknown {
  const data = request.method === 'PATCH' ? binaryPatchIn(resource) : undefined
  if (data === undefined) return resource
  try {
    return JSON.parse(Buffer.from(data, 'base64').toString())
  } catch {
    throw refuse(400, 'invalid', 'The Binary holds no JSON Patch.')
  }
}

function binaryPatchIn(resource: Resource | undefined): string | undefined {
  if (resource?.resourceType !== 'Binary' || resource.contentType !== 'application/json-patch+json') return undefined
  return resource.data ?? ''
}
