// The rules on the request line: which methods are taken, and a target in origin-form.
import { HallpassError } from '../errors/hallpass-error.ts'

/** The methods that are taken. */
export const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const allow = [...methods].join(', ')

/** A path of printable ASCII without `#` and `\`, and a query of printable ASCII without `#`. FHIR escapes with `\` in search values. */
const originForm = /^\/[!"$->@-[\]-~]*(?:\?[!"$-~]*)?$/

/** Refuses HTTP/0.9, which has no fields, and versions that this parser takes but does not speak. */
export function judgeVersion(version: string): HallpassError | undefined {
  return version === '1.1' || version === '1.0'
    ? undefined
    : new HallpassError('request-malformed', {}, { fields: { Connection: 'close' } })
}

/** Refuses TRACE (it would show the bearer to whoever asks), CONNECT, and what no service of ours knows. */
export function judgeMethod(method: string): HallpassError | undefined {
  return methods.has(method) ? undefined : refuseMethod()
}

/** The refusal of a method, with the Allow field that a 405 owes (RFC 9110 section 15.5.6). */
export function refuseMethod(allowed = allow): HallpassError {
  return new HallpassError('method-refused', { methods: allowed }, { fields: { Allow: allowed } })
}

/**
 * Refuses every target but the origin-form (RFC 9112 section 3.2.1): an absolute-form would name another server than Host does, and a
 * fragment, a backslash, a control character or a raw non-ASCII byte is read differently by different servers.
 */
export function judgeTarget(target: string): HallpassError | undefined {
  if (originForm.test(target)) return undefined
  const rule = target.startsWith('/') ? 'unencoded character' : 'not origin-form'
  return new HallpassError('target-refused', { rule })
}
