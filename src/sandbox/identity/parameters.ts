// The parameters of a request, from its query or its form body, each at most once (RFC 6749 section 3.1).
import type { FastifyRequest } from 'fastify'
import { EntraError } from './entra-error.ts'

export type Parameters = {
  /** The parameter's value; undefined when absent or empty. Throws 9000411 when it came twice. */
  optional: (name: string) => string | undefined
  /** Throws 900144 when it is absent. */
  required: (name: string) => string
}

/** The query of a GET, the form body of a POST. */
export function parametersOf({ method, raw, body }: FastifyRequest): Parameters {
  if (method === 'POST') return readParameters(body instanceof URLSearchParams ? body : new URLSearchParams())
  const { url = '' } = raw
  return readParameters(new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?')) : ''))
}

function readParameters(values: URLSearchParams): Parameters {
  const optional = (name: string) => {
    const [value, ...more] = values.getAll(name)
    if (more.length > 0) throw new EntraError(9000411, name)
    return value || undefined
  }
  const required = (name: string) => {
    const value = optional(name)
    if (value === undefined) throw new EntraError(900144, name)
    return value
  }
  return { optional, required }
}
