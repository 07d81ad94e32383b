// What one client may take of the server before the guard has seen a request, and the answers to what never becomes one.
import { type Server, type ServerOptions, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { HallpassError } from '../errors/hallpass-error.ts'
import { renderAsProblem } from '../errors/render.ts'
import type { ErrorCode } from '../errors/table.ts'
import { refuseMethod } from './request-line.ts'

/** For `createServer` of `node:http` (20.19 and later). */
export const serverOptions = {
  maxHeaderSize: 16 * 1024,
  /** Milliseconds for a head to arrive, from the first byte of the connection or from the end of the request before. */
  headersTimeout: 10_000,
  /** How often node looks for heads that are late, in milliseconds; by default a slow client would have 30 s more. */
  connectionsCheckingInterval: 2_000,
  /** None for the whole request: an upload of 2 GB takes its time, and a body waits unread while a person signs in. */
  requestTimeout: 0,
  /** Milliseconds that an idle connection is kept; node's 5 s would cut off clients that reuse theirs a little later. */
  keepAliveTimeout: 60_000,
  insecureHTTPParser: false,
  /** The Host rule demands more, of HTTP/1.0 too, and its refusal says why; node's is an empty 400. */
  requireHostHeader: false,
} as const satisfies ServerOptions

/** Milliseconds in which a client may still read our answer while it sends on; what it sends is thrown away. */
const linger = 1_000

/** The limit that node takes as a property of the server. */
export function applyServerLimits(server: Server): void {
  // 0 is no limit: node's own would drop what stands beyond it without a word. The guard counts and refuses.
  server.maxHeadersCount = 0
}

/** For `clientError`: answers what the parser refused, and ends the connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  // Every further byte of a refused connection is reported again.
  if (socket.writableEnded || socket.destroyed) return
  if (!socket.writable || error.code === 'ECONNRESET' || answersAnother(socket)) {
    socket.destroy()
    return
  }
  endWith(socket, new HallpassError(codeOf(error.code)))
}

/** For `connect`: CONNECT would make an open relay of us (RFC 9110 section 9.3.6). Node leaves such a socket to its listener alone. */
export function refuseConnect(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  socket.resume()
  if (answersAnother(socket)) socket.destroy()
  else endWith(socket, refuseMethod())
}

/** True when bytes written now would be taken for, or stand within, the answer to a request that came whole. */
function answersAnother(socket: Socket): boolean {
  // Node's own handler of such errors looks at the same property; there is no public one.
  const { _httpMessage: response } = socket as Socket & { _httpMessage?: ServerResponse | null }
  return response != null && (response.headersSent || response.req.complete)
}

function codeOf(code: string | undefined): ErrorCode {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'head-too-large'
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request-timeout'
    case 'HPE_INVALID_TRANSFER_ENCODING':
    case 'HPE_UNEXPECTED_CONTENT_LENGTH':
    case 'HPE_INVALID_CONTENT_LENGTH':
      return 'framing-refused'
    default:
      return 'request-malformed'
  }
}

/** Answers with the error, and ends the connection. */
export function endWith(socket: Socket, error: HallpassError): void {
  socket.end(rawAnswer(error))
  // Closing at once would reset the connection under the answer as long as the client sends.
  const timer = setTimeout(() => socket.destroy(), linger).unref()
  socket.once('close', () => clearTimeout(timer))
}

function rawAnswer(error: HallpassError): string {
  const body = renderAsProblem(error)
  const fields = {
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    'Content-Security-Policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Hallpass-Error': error.code,
    ...error.fields,
    Connection: 'close',
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${error.entry.status} ${STATUS_CODES[error.entry.status]}\r\n${lines.join('')}\r\n${body}`
}
