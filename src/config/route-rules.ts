// What a route may say about what passes: interactions by their names, and further request fields.
import { type Access, dicomInteractions, fhirInteractions, operationName } from '../terms/interaction.ts'
import { unforwardable } from '../terms/request-fields.ts'
import type { ServiceKind } from '../terms/service-url.ts'
import { quoted } from './fault.ts'
import { nearestOf } from './nearest.ts'

type Complaint = { index: number | undefined; what: string; fix: string }

/** The rule as the proxy uses it, or what is wrong with it. */
export function readAccess(written: string | readonly string[], kind: ServiceKind): { access: Access; complaints: Complaint[] } {
  const names = typeof written === 'string' ? [written] : written
  const known: readonly string[] = ['read-only', ...(kind === 'fhir' ? fhirInteractions : dicomInteractions)]
  const complaints = names.flatMap((name, position): Complaint[] => {
    if (known.includes(name) || (kind === 'fhir' && operationName.test(name))) return []
    const nearest = nearestOf(name, known)
    const fix = nearest
      ? `Did you mean ${quoted(nearest)}?`
      : `Known here: ${known.join(', ')}${kind === 'fhir' ? ', and operations such as $everything' : ''}.`
    return [
      { index: typeof written === 'string' ? undefined : position, what: `${quoted(name)} is no interaction of a ${kind} service`, fix },
    ]
  })
  return { access: names, complaints }
}

/** The names in small letters, or what is wrong with them. */
export function readForwardFields(names: readonly string[]): { fields: string[]; complaints: Complaint[] } {
  const complaints = names.flatMap((name, index): Complaint[] => {
    const why = unforwardable(name)
    return why === undefined
      ? []
      : [{ index, what: `the field ${quoted(name)} is never forwarded: ${why}`, fix: 'Take it out of "forwardFields".' }]
  })
  return { fields: names.map(name => name.toLowerCase()), complaints }
}
