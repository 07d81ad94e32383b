// What went wrong between us and a service, as an error of ours with its reason.
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'
import { codeOf, isConnectFailure, isTimeout, reasonOf } from '../network/reason.ts'
import type { Exchange } from './exchange.ts'

/** Codes of what we should not have asked of undici; no code at all is an exception of our own. */
const ours = ['', 'UND_ERR_INVALID_ARG', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', 'UND_ERR_NOT_SUPPORTED']

/** A HallpassError stays what it is: a step refused. What is no failure of a connection is a mistake of ours. */
export function asOriginFailure(error: Error, { route, parts }: Pick<Exchange, 'route' | 'parts'>): HallpassError {
  if (error instanceof HallpassError || ours.includes(codeOf(error))) return asHallpassError(error)
  const { prefix, origin } = route
  const { connect, answer, silence } = parts.timeouts
  const options = { cause: error }
  if (codeOf(error) === 'UND_ERR_HEADERS_TIMEOUT') return new HallpassError('origin-timeout', { prefix, seconds: answer }, options)
  if (codeOf(error) === 'UND_ERR_BODY_TIMEOUT') return new HallpassError('origin-silent', { prefix, seconds: silence }, options)
  if (isTimeout(error)) return new HallpassError('origin-connect-timeout', { prefix, origin, seconds: connect }, options)
  const code = isConnectFailure(error) ? 'origin-unreachable' : 'origin-broken'
  return new HallpassError(code, { prefix, origin, why: reasonOf(error) }, options)
}
