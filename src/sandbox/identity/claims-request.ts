// What a `claims` parameter asks for in access tokens (OpenID Connect Core section 5.5; Claims challenges, Microsoft Learn).
import { EntraError } from './entra-error.ts'

export type ClaimsRequest = {
  /** Authentication contexts that the token is to satisfy. */
  acrs: string[]
  /** What the client says it can handle, such as CP1: claims challenges. */
  clientCapabilities: string[]
}

/** Reads what this provider knows and leaves the rest alone. Throws 9002313 when the parameter is not a JSON object. */
export function readClaimsRequest(text: string | undefined): ClaimsRequest {
  const request = text === undefined ? {} : parseObject(text)
  const wanted = asObject(request.access_token)
  return { acrs: valuesOf(wanted.acrs), clientCapabilities: valuesOf(wanted.xms_cc) }
}

/** Both together: what the sign-in asked for and what the redemption adds. */
export function joinClaims(first: ClaimsRequest, second: ClaimsRequest): ClaimsRequest {
  const join = (name: keyof ClaimsRequest) => [...new Set([...first[name], ...second[name]])]
  return { acrs: join('acrs'), clientCapabilities: join('clientCapabilities') }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null) return asObject(parsed)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new EntraError(9002313, "'claims' is not a JSON object.")
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** `{"value":"c1"}` and `{"values":["c1"]}` both list c1. */
function valuesOf(request: unknown): string[] {
  const { value, values } = asObject(request)
  const all = [value, ...(Array.isArray(values) ? values : [])]
  return all.filter(entry => typeof entry === 'string')
}
