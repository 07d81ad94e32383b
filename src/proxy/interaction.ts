// Tells what a request does to a service from its method and path: for the rules of a route, and for a journal that must not hold health data.
import type { Interaction } from '../terms/interaction.ts'
import { pathOf, queryOf } from '../terms/request-target.ts'
import type { ServiceKind } from '../terms/service-url.ts'
import { classifyDicom } from './dicom-interaction.ts'
import { classifyFhir } from './fhir-interaction.ts'

/** Longer paths exist in neither standard. */
const mostSegments = 12

/** `rest` is what follows the route's prefix: path and query, in an encoding that `buildTarget` has accepted. */
export function classify(kind: ServiceKind, method: string, rest: string): Interaction {
  // As the service will: it decodes before it looks, so that `%24export` is `$export`.
  const path = pathOf(rest)
  const segments = (path.includes('%') ? decodeURIComponent(path) : path).split('/').filter(segment => segment !== '')
  if (segments.length > mostSegments)
    return { name: 'other', group: 'other', reads: method === 'GET' || method === 'HEAD', template: '/{…}' }
  return kind === 'fhir' ? classifyFhir(method, segments, queryOf(rest)) : classifyDicom(method, segments)
}
