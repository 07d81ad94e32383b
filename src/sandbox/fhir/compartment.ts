// Which resources belong to a patient (FHIR R4, CompartmentDefinition of Patient).
import { patientCompartment } from './definitions.ts'
import { type Predicate, parameterOf, referencesOf } from './search-filter.ts'

/** Whether resources of the type can belong to a patient; undefined when none can, else the test of one for this patient. */
export function membershipIn(patientId: string, type: string): Predicate | undefined {
  const codes = patientCompartment()[type]
  if (codes === undefined) return undefined
  const parameters = codes.map(code => parameterOf(type, code))
  const patient = `Patient/${patientId}`
  return resource => parameters.some(parameter => referencesOf(parameter, resource).includes(patient))
}
