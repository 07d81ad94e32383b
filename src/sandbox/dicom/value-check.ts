// Finds values that do not fit their value representation (PS3.5, 6.2), and says so in the words of the Azure service.
import type { Dict, Element } from 'dcmjs'
import type { Tag } from './attributes.ts'

/** What is wrong with a value, or undefined. */
type Check = (value: string) => string | undefined

const longest =
  (length: number): Check =>
  value =>
    [...value].length > length ? `value exceeds maximum length of ${length} characters` : undefined

const pattern =
  (allowed: RegExp, complaint: string): Check =>
  value =>
    allowed.test(value) ? undefined : complaint

const all =
  (...checks: Check[]): Check =>
  value =>
    checks.map(check => check(value)).find(complaint => complaint !== undefined)

const noControls = pattern(/^[^\\\x00-\x09\x0b\x0c\x0e-\x1a\x1c-\x1f]*$/, 'value contains invalid character')
const time = '([01]\\d|2[0-3])([0-5]\\d([0-5]\\d|60)?(\\.\\d{1,6})?)?'

const checks: Record<string, Check> = {
  AE: all(longest(16), noControls),
  AS: pattern(/^\d{3}[DWMY]$/, 'value does not have pattern 000[DWMY]'),
  CS: all(
    longest(16),
    pattern(/^[A-Z0-9_ ]*$/, "value contains invalid character. Only uppercase characters, 0-9, '_' and space are allowed"),
  ),
  DA: value => (isDate(value) ? undefined : 'one of the date values does not match the pattern YYYYMMDD'),
  DS: all(longest(16), pattern(/^ *[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)? *$/, 'value is no decimal string')),
  DT: pattern(/^\d{4}(\d\d){0,5}(\.\d{1,6})?([+-]\d{4})?$/, 'value does not mach pattern YYYY[MM[DD[HH[MM[SS[.F{1-6}]]]]]]'),
  IS: all(longest(12), pattern(/^ *[+-]?\d+ *$/, 'value is no integer string')),
  LO: all(longest(64), noControls),
  LT: longest(10_240),
  PN: checkPersonName,
  SH: all(longest(16), noControls),
  ST: longest(1024),
  TM: pattern(new RegExp(`^${time}$`), 'value does not mach pattern HH[MM[SS[.F{1-6}]]]'),
  UI: all(longest(64), pattern(/^(0|[1-9]\d*)(\.(0|[1-9]\d*))*$/, 'value contains invalid character or a component with a leading zero')),
}

function checkPersonName(value: string): string | undefined {
  const groups = value.split('=')
  if (groups.length > 3) return 'value contains too many component groups'
  if (groups.some(group => [...group].length > 64)) return 'one or more component groups exceed the maximum length of 64 characters'
  return groups.some(group => group.split('^').length > 5) ? 'value contains too many components' : undefined
}

export function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? []
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`)
  return day !== undefined && !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day)
}

/** A value that does not fit, what is wrong with it, and whether it is inside a sequence. */
export type Misfit = { vr: string; value: string; complaint: string; nested: boolean }

/** The misfits of a dataset and of its sequences' items, by tag: of each tag the first. Padding with spaces or nulls is none. */
export function findMisfits(dict: Dict): Map<Tag, Misfit> {
  const elements = Object.entries(dict)
  const own = elements.flatMap(([tag, element]) => ownMisfit(tag, element))
  const items = elements.flatMap(([, { vr, Value = [] }]) => (vr === 'SQ' ? (Value as Dict[]) : []))
  const nested = items.flatMap(item => [...findMisfits(item)].map(([tag, misfit]) => [tag, { ...misfit, nested: true }] as const))
  // Of equal keys a Map keeps the last.
  return new Map([...own, ...nested].reverse())
}

function ownMisfit(tag: Tag, element: Element): [Tag, Misfit][] {
  const check = checks[element.vr]
  if (!check) return []
  for (const value of rawStrings(element)) {
    const complaint = value === '' ? undefined : check(value)
    if (complaint !== undefined) return [[tag, { vr: element.vr, value, complaint, nested: false }]]
  }
  return []
}

/** An element's strings as the file has them, without padding: what dcmjs parsed may have lost what is wrong with them. */
export function rawStrings({ vr, Value = [], _rawValue }: Element): string[] {
  const raw = _rawValue ?? Value
  const list = Array.isArray(raw) ? raw : [raw]
  const strings = list.filter((value): value is string => typeof value === 'string').map(value => value.replace(/[ \0]+$/, ''))
  return vr === 'PN' ? strings.flatMap(value => value.split('\\')) : strings
}
