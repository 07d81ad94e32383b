// One refusal of the identity provider, in the forms in which Entra ID hands it out.
import { randomUUID } from 'node:crypto'
import { type AadstsCode, type AadstsEntry, aadsts } from './aadsts.ts'

/** A refusal. Its message is for people: `AADSTS50011: The redirect URI …`. */
export class EntraError extends Error {
  readonly code: AadstsCode
  readonly entry: AadstsEntry
  /** A claims request as JSON: what the next sign-in must ask for (OpenID Connect Core section 5.5). */
  claims: string | undefined
  /** Seconds after which to ask again. */
  retryAfter: number | undefined
  #error: string | undefined

  constructor(code: AadstsCode, ...values: string[]) {
    super(`AADSTS${code}: ${aadsts[code].text.replace(/\{(\d)\}/g, (_, index) => values[Number(index)] ?? '').trim()}`)
    this.code = code
    this.entry = aadsts[code]
  }

  /** The `error` of the answer. */
  get error(): string {
    return this.#error ?? this.entry.error
  }

  /** The same refusal under another `error`: some endpoints have names of their own for it. */
  under(error: string): this {
    this.#error = error
    return this
  }
}

/** What identifies one answer: the ids that a user gives to support. */
export type Trace = { traceId: string; correlationId: string; timestamp: string }

/** A trace of now; the correlation id is the client's own when it sent one as a GUID. */
export function createTrace(clientRequestId: unknown, clock: () => number): Trace {
  const isGuid = typeof clientRequestId === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(clientRequestId)
  const timestamp = new Date(clock()).toISOString().replace('T', ' ').replace(/\.\d+/, '')
  return { traceId: randomUUID(), correlationId: isGuid ? clientRequestId : randomUUID(), timestamp }
}

/** `error_description` as Entra writes it: the sentence and three lines of trace, each after CR LF. */
function describe({ message }: EntraError, { traceId, correlationId, timestamp }: Trace): string {
  return [message, `Trace ID: ${traceId}`, `Correlation ID: ${correlationId}`, `Timestamp: ${timestamp}`].join('\r\n')
}

/** The token endpoint's error body (RFC 6749 section 5.2 with Entra's additions). */
export function asTokenError(error: EntraError, trace: Trace) {
  const { suberror } = error.entry
  return {
    error: error.error,
    error_description: describe(error, trace),
    error_codes: [error.code],
    timestamp: trace.timestamp,
    trace_id: trace.traceId,
    correlation_id: trace.correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${error.code}`,
    ...(suberror && { suberror }),
    ...(error.claims && { claims: error.claims }),
  }
}

/** The authorization endpoint's error parameters (RFC 6749 section 4.1.2.1). */
export function asAuthorizationError(error: EntraError, trace: Trace): Record<string, string> {
  const { suberror } = error.entry
  return { error: error.error, ...(suberror && { error_subcode: suberror }), error_description: describe(error, trace) }
}
