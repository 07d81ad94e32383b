// How requests are written down as data: `¶` is CR LF, `{host}` the Host in question, `{get}` and `{post}` the start of a plain request.

/**
 * `refused`: not one byte of it may reach the origin. `forwarded`: exactly one request arrives. `either`: whatever arrives is well-formed.
 * `unfinished`: refused as well, and the client ends its side after the bytes, for they are no whole request.
 */
export type Expected = 'refused' | 'forwarded' | 'either' | 'unfinished'

export type Vector = [sentence: string, expected: Expected, text: string]

/** The bytes of a request, as Latin-1 text. */
export function written(text: string, host: string): string {
  return text
    .replaceAll('{get}', 'GET /fhir/x HTTP/1.1¶Host: {host}¶')
    .replaceAll('{post}', 'POST /fhir/x HTTP/1.1¶Host: {host}¶')
    .replaceAll('{host}', host)
    .replaceAll('¶', '\r\n')
}
