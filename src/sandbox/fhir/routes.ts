// The interactions that the service offers, by method and path, and which of them a request means.
import { processBundle } from './bundle.ts'
import { searchCompartment } from './compartment-search.ts'
import { loadDefinitions } from './definitions.ts'
import { everything } from './everything.ts'
import type { FhirAnswer, FhirRequest, FhirRoute, Ground } from './exchange.ts'
import { history } from './history.ts'
import { read, readVersion, searchByGet, searchByPost } from './reading.ts'
import { refuse } from './refusal.ts'
import { validate, validateStored } from './validation.ts'
import { conditionalPatch, conditionalRemove, conditionalUpdate, create, patch, remove, update } from './writing.ts'

/** What a Bundle's entries may ask for. */
export function entryRoutes(ground: Ground): FhirRoute[] {
  const route = (method: FhirRoute['method'], url: string, access: FhirRoute['access'], handle: FhirRoute['handle']): FhirRoute => {
    return { method, url, access, handle }
  }
  return [
    route('GET', '/', 'read', searchByGet(ground)),
    route('POST', '/_search', 'read', searchByPost(ground)),
    route('GET', '/_history', 'read', history(ground)),
    route('GET', '/:type', 'read', searchByGet(ground)),
    route('POST', '/:type/_search', 'read', searchByPost(ground)),
    route('GET', '/:type/_history', 'read', history(ground)),
    route('GET', '/:type/:id', 'read', read(ground)),
    route('GET', '/:type/:id/_history', 'read', history(ground)),
    route('GET', '/:type/:id/_history/:version', 'read', readVersion(ground)),
    route('GET', '/:type/:id/$everything', 'read', everything(ground)),
    route('GET', '/:type/:id/:member', 'read', searchCompartment(ground)),
    route('POST', '/$validate', 'read', validate()),
    route('POST', '/:type/$validate', 'read', validate()),
    route('GET', '/:type/:id/$validate', 'read', validateStored(ground)),
    route('POST', '/:type/:id/$validate', 'read', validateStored(ground)),
    route('POST', '/:type', 'write', create(ground)),
    route('PUT', '/:type/:id', 'write', update(ground)),
    route('PUT', '/:type', 'write', conditionalUpdate(ground)),
    route('PATCH', '/:type/:id', 'write', patch(ground)),
    route('PATCH', '/:type', 'write', conditionalPatch(ground)),
    route('DELETE', '/:type/:id', 'write', remove(ground)),
    route('DELETE', '/:type', 'write', conditionalRemove(ground)),
  ]
}

/** The route of batches and transactions; each entry is permitted or refused for itself. */
export function bundleRoute(ground: Ground, routes: FhirRoute[]): FhirRoute {
  return { method: 'POST', url: '/', access: 'read', handle: processBundle(ground, request => dispatch(routes, request)) }
}

async function dispatch(routes: FhirRoute[], request: Omit<FhirRequest, 'parameters'>): Promise<FhirAnswer> {
  const [path = ''] = request.target.split('?', 1)
  const segments = path.split('/').filter(Boolean).map(decode)
  const found = routes
    .filter(({ method, url }) => method === request.method && isAt(url, segments))
    .toSorted((a, b) => parametersIn(a.url) - parametersIn(b.url))[0]
  if (!found) throw refuse(404, 'not-found', `The route for "${request.target}" was not found.`)
  if (found.access !== 'public' && !request.permits(found.access)) throw refuse(403, 'forbidden', 'Authorization failed.')
  const parameters: Record<string, string> = {}
  for (const [index, part] of partsOf(found.url).entries()) if (part.startsWith(':')) parameters[part.slice(1)] = segments[index] ?? ''
  demandServed(parameters)
  return found.handle({ ...request, parameters })
}

function isAt(url: string, segments: string[]): boolean {
  const parts = partsOf(url)
  return parts.length === segments.length && parts.every((part, index) => part.startsWith(':') || part === segments[index])
}

const partsOf = (url: string) => url.split('/').filter(Boolean)
const parametersIn = (url: string) => partsOf(url).filter(part => part.startsWith(':')).length

/** @throws Refusal 400 */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw refuse(400, 'invalid', `The path segment '${segment}' is not percent-encoded.`)
  }
}

/** @throws Refusal 404 unless the types that the path names are served. */
export function demandServed({ type, member }: FhirRequest['parameters']): void {
  for (const name of [type, member]) {
    if (name === undefined || loadDefinitions().has(name)) continue
    if (/^[A-Z][A-Za-z]+$/.test(name)) throw refuse(404, 'not-supported', `Resource type '${name}' is not supported.`)
    throw refuse(404, 'not-found', 'The requested route was not found.')
  }
}
