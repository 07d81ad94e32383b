// Datasets in the DICOM JSON model (PS3.18, Annex F), without bulk data.
import type { Dict, Element } from 'dcmjs'
import type { Tag } from './attributes.ts'

export type PersonName = { Alphabetic?: string; Ideographic?: string; Phonetic?: string }
export type JsonValue = string | number | null | PersonName | Dataset
export type JsonElement = { vr: string; Value?: JsonValue[] }
export type Dataset = Record<Tag, JsonElement>

/** Value representations that metadata leaves out (conformance statement v2 of the Azure service, Retrieve Metadata). */
const bulk = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN'])

/** What dcmjs read, as DICOM JSON: elements in ascending order, empty ones without a Value, bulk data left out. */
export function toDicomJson(dict: Dict): Dataset {
  const elements = Object.entries(dict).filter(([, { vr }]) => !bulk.has(vr))
  return Object.fromEntries(elements.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([tag, element]) => [tag, toJsonElement(element)]))
}

function toJsonElement({ vr, Value = [] }: Element): JsonElement {
  const values = Value.map(value => toJsonValue(vr, value))
  return values.every(value => value === null) ? { vr } : { vr, Value: values }
}

function toJsonValue(vr: string, value: unknown): JsonValue {
  if (vr === 'SQ') return toDicomJson(value as Dict)
  if (vr === 'PN') return toPersonName(value)
  if (vr === 'AT') return typeof value === 'number' ? value.toString(16).padStart(8, '0').toUpperCase() : String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'bigint') return value.toString()
  return value === undefined || value === null || value === '' ? null : String(value)
}

function toPersonName(value: unknown): PersonName | null {
  const { Alphabetic, Ideographic, Phonetic } = (value ?? {}) as PersonName
  const name = { ...(Alphabetic && { Alphabetic }), ...(Ideographic && { Ideographic }), ...(Phonetic && { Phonetic }) }
  return Object.keys(name).length === 0 ? null : name
}

/** The strings of an element: of a name all its component groups, of a number its digits. */
export function stringsOf(dataset: Dataset, tag: Tag): string[] {
  return (dataset[tag]?.Value ?? []).flatMap(value => {
    if (typeof value === 'string' || typeof value === 'number') return [String(value)]
    return value === null || dataset[tag]?.vr !== 'PN' ? [] : Object.values(value as PersonName)
  })
}

export function firstString(dataset: Dataset, tag: Tag): string | undefined {
  return stringsOf(dataset, tag)[0]
}
