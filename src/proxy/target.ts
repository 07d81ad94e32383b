// From the request target to the route, and to the path at its origin: under the route's base, and nowhere else.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Route } from '../terms/route.ts'

/** The route whose prefix is the target's first path segment, letter by letter. */
export function matchRoute(routes: readonly Route[], target: string): Route | undefined {
  for (const route of routes) {
    if (target.startsWith(route.prefix) && endsSegment(target, route.prefix.length)) return route
  }
  return undefined
}

function endsSegment(target: string, at: number): boolean {
  return at === target.length || target[at] === '/' || target[at] === '?'
}

/** What nearly every request looks like: plain segments, no dot in front, nothing encoded in the path. Nothing more to ask of these. */
const plain = /^(?:\/[\w$~@:=,+*!'()&-][\w$~@:=,+*!'()&.-]*)*\/?(?:\?[!"$-~]*)?$/

/**
 * Path and query at the origin of the route that `matchRoute` gave, or the refusal. The rest of the path and the query pass byte for byte,
 * for continuation tokens do not survive being encoded anew. Refused is what any server on the way could read as another path: dot
 * segments, empty segments, encoded separators and controls, broken, overlong or repeated encodings.
 */
export function buildTarget(route: Route, target: string): string | HallpassError {
  const rest = target.slice(route.prefix.length)
  const path = rest.startsWith('/') || route.basePath !== '' ? route.basePath + rest : `/${rest}`
  if (plain.test(rest)) return path
  const rule = brokenRule(rest) ?? (staysUnderBase(route, path) ? undefined : 'outside the service')
  return rule === undefined ? path : new HallpassError('target-refused', { rule })
}

/** Name of the first rule that the target breaks. */
function brokenRule(rest: string): string | undefined {
  const mark = rest.indexOf('?')
  const path = mark === -1 ? rest : rest.slice(0, mark)
  if (/[^!-~]|#/.test(rest) || path.includes('\\')) return 'unencoded character'
  if (path.includes('//')) return 'empty segment'
  // `.well-known` is the one shape of a leading dot that services use; `..;x` and `.%20` are dot segments to some servers.
  if (/\/\.(?![A-Za-z0-9])/.test(path)) return 'dot segment'
  // Encoded once or several times over: a server may decode more often than it should.
  if (/%(?:25)*(?:2e|2f|5c|7f|[01][0-9a-f])/i.test(path)) return 'encoded dot, slash, backslash or control character'
  const decoded = decode(path)
  if (decoded === undefined) return 'broken percent-encoding'
  // A `$` that shows when decoded twice would be an operation that no rule of the route has seen.
  return /%(?:[0-9a-f]{2}|u[0-9a-f]{4})/i.test(decoded) ? 'percent-encoding within a percent-encoding' : undefined
}

/** The path decoded once; undefined unless every `%` begins an escape and the bytes are UTF-8 in its shortest form. */
function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

/** A second opinion on what was not plain, from a parser that resolves and normalises as browsers and servers do (URL Standard). */
function staysUnderBase({ origin, basePath }: Route, path: string): boolean {
  const url = new URL(origin + path)
  return url.origin === origin && (url.pathname === basePath || url.pathname.startsWith(`${basePath}/`))
}
