// Reads and writes multipart bodies (RFC 2046, 5.1).
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { parseMediaType } from './media-type.ts'
import { Refusal } from './refusal.ts'

export type Part = { mediaType: string | undefined; body: Buffer }

const malformed = () => new Refusal(400, 'There was an error reading the multipart request.')

/**
 * The parts of a body. Other header fields than a part's Content-Type do not matter: curl's --form sends `Content-Disposition` too.
 * @throws Refusal 400 when the body does not begin with the boundary or does not end with the last one.
 */
export function readMultipart(body: Buffer, boundary: string): Part[] {
  const delimiter = Buffer.from(`--${boundary}`)
  const parts: Part[] = []
  let at = body.indexOf(delimiter)
  if (at < 0) throw malformed()
  for (;;) {
    const start = at + delimiter.length
    if (body.subarray(start, start + 2).toString('latin1') === '--') return parts
    // The line break in front of a delimiter belongs to the delimiter.
    const next = body.indexOf(`\r\n--${boundary}`, start, 'latin1')
    if (next < 0) throw malformed()
    parts.push(readPart(body.subarray(start, next)))
    at = next + 2
  }
}

function readPart(part: Buffer): Part {
  const fields = part.indexOf('\r\n')
  if (fields < 0 || part.subarray(0, fields).toString('latin1').trim() !== '') throw malformed()
  const end = part.indexOf('\r\n\r\n', fields)
  if (end < 0) throw malformed()
  const contentType = /^content-type:(.*)$/im.exec(part.subarray(fields, end).toString('latin1'))?.[1]
  return { mediaType: contentType && parseMediaType(contentType).type, body: part.subarray(end + 4) }
}

/** A streamed multipart/related body, and its Content-Type. */
export function writeMultipart(type: string, parts: { contentType: string; body: Uint8Array }[]): { contentType: string; body: Readable } {
  const boundary = randomUUID()
  function* chunks() {
    for (const { contentType, body } of parts) {
      yield Buffer.from(`--${boundary}\r\nContent-Type: ${contentType}\r\n\r\n`)
      yield body
      yield Buffer.from('\r\n')
    }
    yield Buffer.from(`--${boundary}--\r\n`)
  }
  return { contentType: `multipart/related; type="${type}"; boundary="${boundary}"`, body: Readable.from(chunks()) }
}
