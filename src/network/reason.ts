// Why a connection failed, in words: the codes of Node and undici without addresses or stacks.

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
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an unknown authority (NODE_EXTRA_CA_CERTS names further ones)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an unknown authority (NODE_EXTRA_CA_CERTS names further ones)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by an unknown authority (NODE_EXTRA_CA_CERTS names further ones)',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
}

/** True for failures by time-out, which HTTP tells apart (504 rather than 502). */
export function isTimeout(error: unknown): boolean {
  return ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'].includes(codeOf(error))
}

/** True when no connection came about, so that nothing of the request was sent. */
export function isConnectFailure(error: unknown): boolean {
  const code = codeOf(error)
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code.includes('CERT') || code.startsWith('UNABLE_TO_') || code.startsWith('ERR_TLS'))
    return true
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'].includes(code)
}

/** One clause on why it failed. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error)
  if (code.startsWith('HPE_')) return 'it sent what is not HTTP'
  return reasons[code] ?? (code || 'the connection failed')
}

/** The innermost code: AggregateError (both address families failed) and causes are looked into. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { code, cause } = error as Error & { code?: unknown }
  if (typeof code === 'string') return code
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  return codeOf(cause)
}
