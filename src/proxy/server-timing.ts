// Our part of Server-Timing (W3C): how long a request waited for its token, and how long for the service. The service's own stays beside it.
import type { Exchange } from './exchange.ts'

/** Durations in milliseconds. A token that was at hand is not mentioned. */
export function serverTiming({ startedAt, tokenAt, headAt }: Exchange): string {
  const origin = `hallpass-service;dur=${(headAt - (tokenAt || startedAt)).toFixed(1)}`
  return tokenAt > 0 ? `hallpass-token;dur=${(tokenAt - startedAt).toFixed(1)}, ${origin}` : origin
}
