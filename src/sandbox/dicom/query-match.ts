// How a searched value matches an attribute, by value representation: dates and ranges, UID lists, wildcards, fuzzy names (PS3.4, C.2.2.2).
import { type Tag, vrOf } from './attributes.ts'
import { type Dataset, stringsOf } from './dicom-json.ts'
import { Refusal } from './refusal.ts'
import { isDate } from './value-check.ts'

export type Match = (dataset: Dataset) => boolean

/** Tags from the outermost sequence to the attribute itself. */
export type Path = [Tag, ...Tag[]]

/**
 * @param name - The attribute as the client wrote it, for the refusal.
 * @throws Refusal 400 for an empty value or a malformed date.
 */
export function compileMatch(path: Path, name: string, value: string, fuzzy: boolean): Match {
  if (value.trim() === '') throw new Refusal(400, `Invalid query: AttributeId '${name}' has empty string value that is not supported.`)
  const matches = matchString(vrOf(path.at(-1) ?? ''), name, unpad(value), fuzzy)
  return dataset => stringsAt(dataset, path).some(found => matches(unpad(found)))
}

function stringsAt(dataset: Dataset, [tag, ...rest]: Path): string[] {
  const [next, ...further] = rest
  if (next === undefined) return stringsOf(dataset, tag)
  return (dataset[tag]?.Value ?? []).flatMap(item => stringsAt(item as Dataset, [next, ...further]))
}

/** Values padded with nulls are found with and without their padding. */
function unpad(text: string): string {
  return text.replace(/\0+$/, '')
}

function matchString(vr: string, name: string, value: string, fuzzy: boolean): (found: string) => boolean {
  if (vr === 'DA') return matchDate(name, value)
  if (vr === 'DT') return matchDateTime(name, value)
  if (vr === 'UI') return matchUids(value)
  if (vr === 'PN') return fuzzy ? matchNameWords(value) : matchWildcards(fold(value), fold)
  return matchWildcards(value.toLowerCase(), found => found.toLowerCase())
}

function matchUids(value: string): (found: string) => boolean {
  const uids = value.split(/[,\\]/).map(uid => uid.trim())
  return found => uids.includes(found.trim())
}

function matchDate(name: string, value: string): (found: string) => boolean {
  return matchRange(value, 'date', date => {
    if (!isDate(date)) throw invalidDate(date, name)
    return date
  })
}

function matchDateTime(name: string, value: string): (found: string) => boolean {
  return matchRange(value, 'DateTime', moment => {
    const normal = normalDateTime(moment)
    if (normal === undefined) throw invalidDateTime(moment, name)
    return normal
  })
}

/** A moment without a zone, all its components there, so that two compare as text; undefined when it is none. */
function normalDateTime(text: string): string | undefined {
  const [, digits = '', fraction = ''] = /^(\d{4}(?:\d\d){0,5})(?:\.(\d{1,6}))?$/.exec(text) ?? []
  return digits === '' ? undefined : `${digits}${'00000101000000'.slice(digits.length)}.${fraction.padEnd(6, '0')}`
}

/**
 * `from-to`, `from-`, `-to` or one value alone.
 * @param normal - Gives what compares as text; throws for a value that is none.
 */
function matchRange(value: string, kind: string, normal: (text: string) => string): (found: string) => boolean {
  const parts = value.split('-').map(part => part.trim())
  const [from = '', to = from] = parts.map(part => (part === '' ? '' : normal(part)))
  if (parts.length > 2) throw new Refusal(400, `Invalid query: specified date range '${value}' is invalid.`)
  if (from === '' && to === '')
    throw new Refusal(400, 'Invalid query: specified range is invalid.\nBoth parts in the range cannot be empty.')
  if (from !== '' && to !== '' && from > to)
    throw new Refusal(
      400,
      `Invalid query: specified date range '${value}' is invalid.\nThe first part ${kind} ${parts[0]} should be lesser than or equal to the second part ${kind} ${parts[1]}.`,
    )
  const comparable = (found: string) => (kind === 'DateTime' ? (normalDateTime(found) ?? '') : found)
  return found => (from === '' || comparable(found) >= from) && (to === '' || comparable(found) <= to)
}

function invalidDate(date: string, name: string): Refusal {
  return new Refusal(
    400,
    `Invalid query: specified Date value '${date}' is invalid for attribute '${name}'. Date should be valid and formatted as yyyyMMdd.`,
  )
}

function invalidDateTime(moment: string, name: string): Refusal {
  return new Refusal(
    400,
    `Invalid query: specified DateTime value '${moment}' is invalid for attribute '${name}'. DateTime should be valid and formatted as yyyyMMddHHmmss.FFFFFF where yyyy is mandatory.`,
  )
}

/** `*` stands for any characters, `?` for one. */
function matchWildcards(pattern: string, normalise: (text: string) => string): (found: string) => boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.')
  const whole = new RegExp(`^${escaped}$`, 's')
  return found => whole.test(normalise(found))
}

/** Each word searched for begins a word of the name: `joh do` finds `Doe^John`. */
function matchNameWords(value: string): (found: string) => boolean {
  const wanted = fold(value)
    .split(/[\s^=]+/)
    .filter(word => word !== '')
  return found => {
    const words = fold(found).split(/[\s^=]+/)
    return wanted.every(prefix => words.some(word => word.startsWith(prefix)))
  }
}

/** Names match whatever their case and accents. */
function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}
