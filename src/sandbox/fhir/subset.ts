// Cuts resources down to what _elements or _summary asks for (FHIR R4, Search, 3.1.1.5.7-8).
import type { Resource } from '@medplum/fhirtypes'
import { getDataType } from './medplum.ts'
import { refuse } from './refusal.ts'

const summaries = ['true', 'text', 'data', 'count', 'false']

/** @throws Refusal 400 for a value that _summary does not have. */
export function demandSummary(value: string): void {
  if (!summaries.includes(value)) throw refuse(400, 'invalid', `The value '${value}' of _summary is not one of ${summaries.join(', ')}.`)
}

/** A copy with the named top-level elements, those that are mandatory, id and meta, marked as SUBSETTED; the resource itself without either. */
export function subset<T extends Resource>(resource: T, { elements, summary }: { elements?: string[]; summary?: string }): T {
  const keeps = elements ? (name: string) => elements.includes(name) : summary ? keptBySummary(resource.resourceType, summary) : undefined
  if (keeps === undefined) return resource
  const mandatory = getDataType(resource.resourceType).mandatoryProperties
  const kept = Object.entries(resource).filter(([name]) => {
    const plain = name.replace(/^_/, '')
    return ['resourceType', 'id', 'meta'].includes(plain) || mandatory?.has(plain) || keeps(plain)
  })
  const tag = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }
  return { ...Object.fromEntries(kept), meta: { ...resource.meta, tag: [...(resource.meta?.tag ?? []), tag] } } as T
}

function keptBySummary(type: string, summary: string): (name: string) => boolean {
  if (summary === 'text') return name => name === 'text'
  if (summary === 'data') return name => name !== 'text'
  const { summaryProperties = new Set<string>(), elements } = getDataType(type)
  // `deceased[x]` is listed as `deceased`, and written as `deceasedBoolean`.
  const choices = [...summaryProperties].filter(entry => `${entry}[x]` in elements)
  return name => summaryProperties.has(name) || choices.some(entry => name.startsWith(entry))
}
