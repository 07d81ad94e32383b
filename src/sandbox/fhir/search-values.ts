// Compares what a search parameter finds in a resource with a value searched for, one rule per parameter type (FHIR R4, Search, 3.1.1.4).
import type { CodeableConcept, Coding, Identifier, Period, Quantity, Reference } from '@medplum/fhirtypes'
import { type TypedValue, toPeriod } from './medplum.ts'
import { refuse } from './refusal.ts'

type Match = (found: TypedValue) => boolean

const prefixes = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const
type Prefix = (typeof prefixes)[number]

/** A string matches from its start, whatever its case and accents; `:contains` anywhere, `:exact` as it is. */
export function matchString(value: string, modifier: string): Match {
  const wanted = fold(value)
  return ({ value: found }) =>
    stringsIn(found).some(text => {
      if (modifier === 'exact') return text === value
      return modifier === 'contains' ? fold(text).includes(wanted) : fold(text).startsWith(wanted)
    })
}

/** `code`, `system|code`, `|code` (no system) or `system|`; `:text` compares the display instead. */
export function matchToken(value: string, modifier: string): Match {
  if (modifier === 'text') return ({ value: found }) => displaysIn(found).some(text => fold(text).startsWith(fold(value)))
  const bar = value.indexOf('|')
  const system = bar < 0 ? undefined : value.slice(0, bar)
  const code = value.slice(bar + 1)
  return found =>
    tokensIn(found).some(token => {
      if (code !== '' && token.code !== code) return false
      return system === undefined || (token.system ?? '') === system
    })
}

/** `Type/id`, a bare id, or a canonical URL. */
export function matchReference(value: string): Match {
  return ({ value: found }) => {
    const reference = typeof found === 'string' ? found : (found as Reference | undefined)?.reference
    return reference === value || (!value.includes('/') && reference?.split('/')[1] === value)
  }
}

export function matchUri(value: string): Match {
  return ({ value: found }) => found === value
}

/** A date is the whole period that its precision leaves open: `eq` asks that it lies within, the other prefixes compare the ends. */
export function matchDate(value: string): Match {
  const { prefix, rest } = splitPrefix(value)
  const wanted = isDate(rest) ? toPeriod(rest) : undefined
  if (wanted?.start === undefined || wanted.end === undefined) throw malformed(value)
  const { start, end } = wanted
  return ({ value: found }) => {
    const period = toPeriod(found)
    return period !== undefined && compareDates(prefix, period, start, end)
  }
}

function compareDates(prefix: Prefix, period: Period, wantedStart: string, wantedEnd: string): boolean {
  const start = period.start ?? '0000'
  const end = period.end ?? '9999'
  const within = start >= wantedStart && end <= wantedEnd
  switch (prefix) {
    case 'eq':
      return within
    case 'ne':
      return !within
    case 'gt':
      return end > wantedEnd
    case 'lt':
      return start < wantedStart
    case 'ge':
      return end > wantedEnd || within
    case 'le':
      return start < wantedStart || within
    case 'sa':
      return start > wantedEnd
    case 'eb':
      return end < wantedStart
    case 'ap':
      return start <= wantedEnd && end >= wantedStart
  }
}

/** `number`, or for quantities `number|system|code`; a number stands for all that round to it, so `eq5.4` finds 5.35 to 5.45. */
export function matchNumber(value: string): Match {
  const { prefix, rest } = splitPrefix(value)
  const [number = '', system = '', code = ''] = rest.split('|')
  const wanted = Number(number)
  if (!/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(number)) throw malformed(value)
  const margin = prefix === 'ap' ? Math.abs(wanted) / 10 : 0.5 * 10 ** -(number.split('.')[1]?.length ?? 0)
  return ({ value: found }) => {
    const quantity: Quantity = typeof found === 'number' ? { value: found } : ((found as Quantity | undefined) ?? {})
    if (quantity.value === undefined || (system !== '' && quantity.system !== system)) return false
    if (code !== '' && quantity.code !== code && quantity.unit !== code) return false
    return compareNumbers(prefix, quantity.value, wanted, margin)
  }
}

function compareNumbers(prefix: Prefix, found: number, wanted: number, margin: number): boolean {
  switch (prefix) {
    case 'eq':
    case 'ap':
      return Math.abs(found - wanted) <= margin
    case 'ne':
      return Math.abs(found - wanted) > margin
    case 'gt':
    case 'sa':
      return found > wanted
    case 'lt':
    case 'eb':
      return found < wanted
    case 'ge':
      return found >= wanted
    case 'le':
      return found <= wanted
  }
}

function splitPrefix(value: string): { prefix: Prefix; rest: string } {
  const prefix = prefixes.find(candidate => value.startsWith(candidate))
  return prefix === undefined ? { prefix: 'eq', rest: value } : { prefix, rest: value.slice(2) }
}

/** Searches may leave out the seconds, and then everything to the right (FHIR R4, Search, 3.1.1.4.7). */
function isDate(value: string): boolean {
  const form = /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/
  return form.test(value) && !Number.isNaN(Date.parse(value.length > 10 ? value : value.padEnd(10, '-01')))
}

function malformed(value: string) {
  return refuse(400, 'invalid', `Malformed search value '${value}'.`)
}

function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}

/** The searchable strings of a plain string, a HumanName or an Address. */
function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(stringsIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, part]) => (['use', 'type', 'period'].includes(name) ? [] : stringsIn(part)))
}

type Token = { system?: string | undefined; code?: string | undefined }

function tokensIn({ type, value }: TypedValue): Token[] {
  switch (type) {
    case 'CodeableConcept':
      return (value as CodeableConcept).coding ?? []
    case 'Coding':
      return [value as Coding]
    case 'Identifier':
      return [{ system: (value as Identifier).system, code: (value as Identifier).value }]
    case 'ContactPoint':
      return [{ code: (value as { value?: string }).value }]
    default:
      return [{ code: String(value) }]
  }
}

function displaysIn(value: unknown): string[] {
  const { text, display, coding, type } = (value ?? {}) as { text?: string; display?: string; coding?: Coding[]; type?: CodeableConcept }
  return [text, display, type?.text, ...(coding ?? []).map(({ display }) => display)].filter(entry => entry !== undefined)
}
