// What pages of allowed origins may do with our answers (CORS protocol, Fetch Standard), and the preflights, which are answered here.
import type { ServerResponse } from 'node:http'
import type { Head } from './head.ts'
import type { Policy } from './policy.ts'
import { methods } from './request-line.ts'

/** Fields that every answer to a request carries because of who asked. */
export type SharedFields = Readonly<Record<string, string>>

/** What FHIR and DICOMweb clients read from an answer's head, beside what any page may read, and what is ours. */
const exposed = [
  ...['ETag', 'Location', 'Content-Location', 'Link', 'Retry-After', 'Last-Modified', 'Date', 'Warning', 'WWW-Authenticate'],
  ...['Content-Disposition', 'Content-Encoding', 'Content-Range', 'Accept-Ranges', 'Preference-Applied', 'X-Progress'],
  ...['X-Request-Id', 'X-Correlation-Id', 'X-Ms-Request-Charge', 'X-Ms-Session-Token'],
  ...['Hallpass-Error', 'Hallpass-Explain', 'Hallpass-Request-Id'],
].join(', ')

/** Seconds for which a browser remembers a preflight: an origin that is taken off the list is out soon. */
const remembered = '600'

/** Our own fields and the one that we replace: a page may send them, and the service never sees them. */
const ownFields: ReadonlySet<string> = new Set(['authorization', 'hallpass-key', 'hallpass-interactive'])

/**
 * The fields of every answer to this request, or undefined while no origin is allowed at all. To be asked after judgeOrigin. No credentials
 * mode: no answer of ours depends on a cookie.
 */
export function sharedFields({ origin, site }: Head, { allowedOrigins }: Policy): SharedFields | undefined {
  if (allowedOrigins.size === 0) return undefined
  if (origin !== undefined && allowedOrigins.has(origin)) return fieldsFor(origin)
  // What judgeOrigin lets pass from elsewhere without an Origin is an image of an allowed page.
  return origin === undefined && (site === 'same-site' || site === 'cross-site') ? embeddable : unshared
}

const unshared: SharedFields = { 'Cross-Origin-Resource-Policy': 'same-origin', Vary: 'Origin' }
const embeddable: SharedFields = { 'Cross-Origin-Resource-Policy': 'cross-origin', Vary: 'Origin' }

const byOrigin = new Map<string, SharedFields>()

/** Only allowed origins come here, of which there are few. */
function fieldsFor(origin: string): SharedFields {
  const known = byOrigin.get(origin)
  if (known) return known
  const fields = {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': exposed,
    'Timing-Allow-Origin': origin,
    ...embeddable,
  }
  byOrigin.set(origin, fields)
  return fields
}

/** True for the question that a browser asks ahead of a page's request. Any other OPTIONS is a request like others. */
export function isPreflight(method: string, { origin, requestMethod }: Head): boolean {
  return method === 'OPTIONS' && origin !== undefined && requestMethod !== undefined
}

/**
 * Answers a preflight of an allowed origin: every method that we take, and of the fields that the page wants to send those that go on to a
 * service (`forwards`, asked by their names in small letters) or are for us.
 */
export function answerPreflight(
  response: ServerResponse,
  { origin = '', requestHeaders = '' }: Head,
  forwards: (name: string) => boolean,
): void {
  const wanted = requestHeaders.split(',').map(name => name.trim().toLowerCase())
  const allowed = wanted.filter(name => ownFields.has(name) || forwards(name))
  response.writeHead(204, {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Methods': [...methods].join(', '),
    ...(allowed.length > 0 && { 'Access-Control-Allow-Headers': allowed.join(', ') }),
    'Access-Control-Max-Age': remembered,
    Vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  })
  response.end()
}
