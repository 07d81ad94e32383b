// Datasets in the DICOM JSON model (PS3.18, Annex F), without bulk data.
import type { Dict, Element } from 'dcmjs'
import type { Tag } from './attributes.ts'
import { Refusal } from './refusal.ts'

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

/**
 * The datasets of a request's body.
 * @throws Refusal 400 when it is no list of one dataset or more in the DICOM JSON model.
 */
export function readDatasets(body: unknown): [Dataset, ...Dataset[]] {
  const [first, ...rest] = asDatasets(parse(body))
  if (first === undefined) throw malformed()
  return [first, ...rest]
}

const malformed = () => new Refusal(400, 'The syntax of the request body is invalid.')

function parse(body: unknown): unknown {
  if (!Buffer.isBuffer(body) || body.length === 0) throw new Refusal(400, 'The request body is missing.')
  try {
    return JSON.parse(body.toString())
  } catch {
    throw malformed()
  }
}

function asDatasets(value: unknown): Dataset[] {
  if (!Array.isArray(value) || !value.every(isDataset)) throw malformed()
  return value
}

function isDataset(value: unknown): value is Dataset {
  if (!isObject(value)) return false
  return Object.entries(value).every(([tag, element]) => /^[0-9A-F]{8}$/.test(tag) && isObject(element) && isElement(element))
}

function isElement({ vr, Value }: Record<string, unknown>): boolean {
  if (typeof vr !== 'string') return false
  if (Value === undefined) return true
  if (!Array.isArray(Value)) return false
  if (vr === 'SQ') return Value.every(isDataset)
  return Value.every(value => value === null || ['string', 'number'].includes(typeof value) || (vr === 'PN' && isObject(value)))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
