// Chooses the fields of an answer that the client gets: none by which the service could speak to a browser about our origin.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Route } from '../terms/route.ts'
import { connectionFields, withoutNamed } from './connection-fields.ts'
import { rememberingSpellings } from './field-names.ts'

/**
 * Fields that would act on `localhost` and everything else that runs there: they are the service's word on its own origin, not on ours.
 * Those that we set ourselves are here as well.
 */
const withheld: ReadonlySet<string> = new Set([
  ...['set-cookie', 'set-cookie2', 'clear-site-data', 'strict-transport-security', 'alt-svc', 'refresh'],
  ...['public-key-pins', 'public-key-pins-report-only', 'expect-ct', 'nel', 'report-to', 'reporting-endpoints'],
  ...['content-security-policy', 'content-security-policy-report-only', 'x-content-security-policy', 'x-webkit-csp'],
  ...[
    'x-frame-options',
    'x-content-type-options',
    'permissions-policy',
    'feature-policy',
    'referrer-policy',
    'permissions-policy-report-only',
  ],
  ...['origin-agent-cluster', 'service-worker-allowed', 'speculation-rules', 'sourcemap', 'x-sourcemap', 'timing-allow-origin'],
  ...['accept-ch', 'critical-ch', 'set-login', 'use-as-dictionary', 'shared-storage-write', 'activate-storage-access'],
  ...['origin-trial', 'available-dictionary', 'document-isolation-policy', 'no-vary-search', 'x-dns-prefetch-control'],
  ...['idp-signin-status', 'supports-loading-mode', 'observe-browsing-topics', 'accept-ch-lifetime', 'delegate-ch'],
])
/** What the service says about keeping its answers. */
const caching: ReadonlySet<string> = new Set(['cache-control', 'pragma', 'expires'])
const withheldPrefix =
  /^(?:access-control-|cross-origin-|hallpass-|sec-|secure-session-|attribution-reporting-|integrity-policy|ad-auction-|(?:require-)?document-policy)/

/** A script or a page stored as a FHIR Binary must not run on the origin of our own pages; health data must not rest in a browser's cache. */
const added = [
  ...['Content-Security-Policy', "sandbox; default-src 'none'; frame-ancestors 'none'"],
  ...['X-Content-Type-Options', 'nosniff'],
  // The address of health data is health data: a link in a stored page would tell it to whoever it leads to.
  ...['Referrer-Policy', 'no-referrer'],
] as const

/** Few enough digits that every program on the way counts exactly. */
const countable = /^\d{1,15}$/

export type Answering = {
  /** What the guard wants every answer to this caller to carry. */
  shared?: Readonly<Record<string, string>> | undefined
  cache?: Route['cache']
  /** Of the route, to name it where its service breaks HTTP. */
  prefix?: string
}

const verdictOn = rememberingSpellings(name => {
  if (name === 'connection') return 'connection'
  if (caching.has(name)) return 'caching'
  if (name === 'content-length') return 'length'
  return connectionFields.has(name) || withheld.has(name) || withheldPrefix.test(name) ? 'drop' : 'pass'
})

/**
 * The fields for the client, as a flat list for `writeHead`, from undici's raw ones (name, value, name, value, …; bytes are Latin-1).
 * What passes keeps its spelling and order. `Hallpass-` is ours: a service cannot claim that hallpass refused. Throws origin-broken when the
 * body's length cannot be counted on.
 */
export function answerFields(
  rawHeaders: readonly (Buffer | string)[],
  { shared = unshared, cache, prefix = '' }: Answering = {},
): string[] {
  const passed: string[] = []
  let connection: string | undefined
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = textOf(rawHeaders[index] as Buffer | string)
    const verdict = verdictOn(name)
    if (verdict === 'drop' || (verdict === 'caching' && cache !== 'as-is')) continue
    const value = textOf(rawHeaders[index + 1] as Buffer | string)
    if (verdict === 'length' && !countable.test(value))
      throw new HallpassError('origin-broken', { prefix, why: 'its Content-Length is beyond counting' })
    if (verdict !== 'connection') passed.push(name, value)
    else connection = connection === undefined ? value : `${connection},${value}`
  }
  const fields = withoutNamed(passed, connection)
  fields.push(...added)
  if (cache !== 'as-is') fields.push('Cache-Control', 'no-store')
  for (const name in shared) fields.push(name, shared[name] as string)
  return fields
}

const unshared = { 'Cross-Origin-Resource-Policy': 'same-origin' }

function textOf(bytes: Buffer | string): string {
  return typeof bytes === 'string' ? bytes : bytes.toString('latin1')
}
