// Why a connection failed, in words: the codes of Node and undici without addresses or stacks.
import { errors } from 'undici'

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name could not be looked up',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'connecting took too long',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no network',
  UND_ERR_CONNECT_TIMEOUT: 'connecting took too long',
  UND_ERR_HEADERS_TIMEOUT: 'no answer came in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped',
  UND_ERR_SOCKET: 'the connection broke',
  UND_ERR_HEADERS_OVERFLOW: 'its head is too large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the body is not as long as announced',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an unknown authority (`caFile` or NODE_EXTRA_CA_CERTS name further ones)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an unknown authority (`caFile` or NODE_EXTRA_CA_CERTS name further ones)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is signed by an unknown authority (`caFile` or NODE_EXTRA_CA_CERTS name further ones)',
  CERT_SIGNATURE_FAILURE: 'its certificate is signed by somebody else than it says',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet (or the clock of this machine is wrong)',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read',
  EISDIR: 'it is a folder',
}

/** The corporate proxy itself could not be reached, or did not let us through. */
class ProxyTrouble extends Error {}

/** A failure to connect to the proxy, which must not pass for one of the service behind it. */
export function proxyTrouble(cause: Error): Error {
  return new ProxyTrouble(`the proxy (HTTPS_PROXY) cannot be reached: ${reasonOf(cause)}`, { cause })
}

/** What undici says when a proxy answers CONNECT by anything but 200 (RFC 9110 section 9.3.6). */
function refusalOfProxy(error: unknown): string | undefined {
  const [, status] = /^Proxy response \((\d{3})\)/.exec(error instanceof Error ? error.message : '') ?? []
  if (status === undefined) return undefined
  const hint = status === '407' ? ': it wants a user name and password (http://USER:PASSWORD@HOST:PORT)' : ''
  return `the proxy (HTTPS_PROXY) refused with ${status}${hint}`
}

/** True for failures by time-out, which HTTP tells apart (504 rather than 502). */
export function isTimeout(error: unknown): boolean {
  return ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'].includes(codeOf(error))
}

/** True when no connection came about, so that nothing of the request was sent. */
export function isConnectFailure(error: unknown): boolean {
  if (error instanceof ProxyTrouble || refusalOfProxy(error)) return true
  const code = codeOf(error)
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code.includes('CERT') || code.startsWith('UNABLE_TO_') || code.startsWith('ERR_TLS'))
    return true
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'].includes(code)
}

/** One clause on why it failed. */
export function reasonOf(error: unknown): string {
  if (error instanceof ProxyTrouble) return error.message
  const refusal = refusalOfProxy(error)
  if (refusal) return refusal
  const code = codeOf(error)
  if (code.startsWith('HPE_')) return 'it sent what is not HTTP'
  return reasons[code] ?? (code || 'the connection failed')
}

/** The innermost code, empty when there is none: AggregateError (both address families failed) and causes are looked into. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { code, cause } = error as Error & { code?: unknown }
  // Not every error of undici's parser has a code.
  if (error instanceof errors.HTTPParserError) return 'HPE_'
  if (typeof code === 'string') return code
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  return codeOf(cause)
}
