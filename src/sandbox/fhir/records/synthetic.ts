// What all generated records share: the HTEST tag, identifiers that no real system has, stable instants.
import type { Identifier, Reference, Resource } from '@medplum/fhirtypes'

/** HL7's own mark for test data: systems that meet it must not treat it as a person's record. */
const testTag = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HTEST', display: 'test health data' }

const firstInstant = Date.parse('2025-02-01T08:00:00Z')

export type SyntheticRecord = { resource: Resource & { id: string }; lastUpdated: string }

/** Tags the resources and dates them a minute apart, so that they are the same each time. */
export function tagged(resources: (Resource & { id: string })[]): SyntheticRecord[] {
  return resources.map((resource, index) => ({
    resource: { ...resource, meta: { tag: [testTag] } },
    lastUpdated: new Date(firstInstant + index * 60_000).toISOString(),
  }))
}

export function identifier(kind: string, value: string): Identifier[] {
  return [{ system: `http://hallpass.example/${kind}`, value }]
}

export function refer<T extends Resource>(
  { resourceType, id }: { resourceType: T['resourceType']; id: string },
  display?: string,
): Reference<T> {
  return { reference: `${resourceType}/${id}`, ...(display && { display }) }
}

export function concept(system: string, code: string, display: string) {
  return { coding: [{ system, code, display }], text: display }
}

export const loinc = 'http://loinc.org'
export const snomed = 'http://snomed.info/sct'
export const rxnorm = 'http://www.nlm.nih.gov/research/umls/rxnorm'

/** `3` to `03`: ids sort as they count. */
export function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}
