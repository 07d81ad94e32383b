// The rules on what a head says about the connection and the body: no upgrade, and one way only to tell where the body ends.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Head } from './head.ts'

/** What stands after an ambiguous request cannot be told from its body, so nothing more is read. */
const closing = { fields: { Connection: 'close' } }

/**
 * Refuses Upgrade, WebSocket first of all: browsers send no Sec-Fetch fields with it. Java's HttpClient offers `h2c` with every plain
 * request; that one is ignored, as a server may (RFC 9110 section 7.8), and never forwarded.
 */
export function judgeUpgrade({ upgrade }: Head): HallpassError | undefined {
  return upgrade === undefined || upgrade === 'h2c' ? undefined : new HallpassError('upgrade-refused')
}

/**
 * Refuses a body whose end two parsers could see in two places (RFC 9112 section 6.3): chunked is the only transfer coding taken, never
 * together with Content-Length, and Content-Length is one number of digits, few enough that every program on the way counts exactly.
 */
export function judgeFraming({ transferEncoding, contentLength }: Head): HallpassError | undefined {
  if (transferEncoding === undefined && (contentLength === undefined || /^\d{1,15}$/.test(contentLength))) return undefined
  if (transferEncoding === 'chunked' && contentLength === undefined) return undefined
  return new HallpassError('framing-refused', {}, closing)
}
