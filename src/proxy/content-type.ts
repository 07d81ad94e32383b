// Which bodies hold URLs that are looked at, and how these are spelt there.
import type { Route } from '../terms/route.ts'
import type { Spelling } from './url-spelling.ts'

const json = /^(?:application|text)\/(?:[!#$&^_.a-z0-9-]+\+)?(?:json|ndjson|x-ndjson)\s*(?:;|$)/i
const xml = /^(?:application|text)\/(?:[!#$&^_.a-z0-9-]+\+)?xml\s*(?:;|$)/i
const form = /^application\/x-www-form-urlencoded\s*(?:;|$)/i

/** How an answer's URLs are spelt; undefined for a body that passes as it is. */
export function spellingOfAnswer(contentType: string): Spelling | undefined {
  if (json.test(contentType)) return 'json'
  return xml.test(contentType) ? 'xml' : undefined
}

/** How a request's URLs are spelt: in JSON too they may stand in the query of another URL, as in the entries of a batch. */
export function spellingOfRequest(contentType: string): Spelling | undefined {
  if (json.test(contentType)) return 'json-or-percent'
  if (form.test(contentType)) return 'percent'
  return xml.test(contentType) ? 'xml' : undefined
}

const charset = /;[\t ]*charset[\t ]*=[\t ]*"?([^";,\t ]*)/gi
/** In these a URL has the bytes that it has in ASCII. */
const likeAscii = /^(?:utf-?8|us-ascii|ascii|iso-8859-\d{1,2}|latin1|windows-125\d)?$/i

/** False when a body of this type says that it is in a charset, such as UTF-16, in which our addresses would not be found. */
export function isReadable(contentType: string): boolean {
  if (!contentType.includes(';')) return true
  return [...contentType.matchAll(charset)].every(([, name]) => likeAscii.test(name ?? ''))
}

/**
 * True for an exchange about the content of one FHIR Binary, whose bytes are somebody's document whatever their type says.
 * @param rest - The target behind the route's prefix.
 */
export function isBinary({ kind }: Route, method: string, rest: string): boolean {
  if (kind !== 'fhir' || !rest.startsWith('/Binary')) return false
  if (/^\/Binary\/?(?:\?|$)/.test(rest)) return method !== 'GET' && method !== 'HEAD'
  return /^\/Binary\/[^_$?]/.test(rest)
}
