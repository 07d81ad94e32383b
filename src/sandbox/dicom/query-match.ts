// How a searched value matches an attribute, by value representation: dates and ranges, UID lists, wildcards, fuzzy names (PS3.4, C.2.2.2).
import { type Tag, vrOf } from './attributes.ts'
import { type Dataset, stringsOf } from './dicom-json.ts'
import { Refusal } from './refusal.ts'

export type Match = (dataset: Dataset) => boolean

/**
 * @param name - The attribute as the client wrote it, for the refusal.
 * @throws Refusal 400 for an empty value or a malformed date.
 */
export function compileMatch(tag: Tag, name: string, value: string, fuzzy: boolean): Match {
  if (value.trim() === '') throw new Refusal(400, `Invalid query: AttributeId '${name}' has empty string value that is not supported.`)
  const matches = matchString(vrOf(tag), name, value, fuzzy)
  return dataset => stringsOf(dataset, tag).some(matches)
}

function matchString(vr: string, name: string, value: string, fuzzy: boolean): (found: string) => boolean {
  if (vr === 'DA') return matchDate(name, value)
  if (vr === 'UI') return matchUids(value)
  if (vr === 'PN') return fuzzy ? matchNameWords(value) : matchWildcards(fold(value), fold)
  return matchWildcards(value.toLowerCase(), found => found.toLowerCase())
}

function matchUids(value: string): (found: string) => boolean {
  const uids = value.split(/[,\\]/).map(uid => uid.trim())
  return found => uids.includes(found.trim())
}

function matchDate(name: string, value: string): (found: string) => boolean {
  const [from = '', to, ...rest] = value.split('-').map(part => part.trim())
  if (rest.length > 0 || (from === '' && to === '')) throw new Refusal(400, `Invalid query: specified date range '${value}' is invalid.`)
  for (const date of [from, to]) if (date && !isDate(date)) throw invalidDate(date, name)
  if (to === undefined) return found => found === from
  if (from !== '' && to !== '' && from > to)
    throw new Refusal(
      400,
      `Invalid query: specified date range '${value}' is invalid.\nThe first part date ${from} should be lesser than or equal to the second part date ${to}.`,
    )
  return found => (from === '' || found >= from) && (to === '' || found <= to)
}

function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? []
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`)
  return day !== undefined && !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day)
}

function invalidDate(date: string, name: string): Refusal {
  return new Refusal(
    400,
    `Invalid query: specified Date value '${date}' is invalid for attribute '${name}'. Date should be valid and formatted as yyyyMMdd.`,
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
