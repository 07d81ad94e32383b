// A grammar of requests that go wrong in one or several places, drawn by a seeded generator.
import type { Seeded } from '../fixtures/seeded.ts'

export type FuzzedRequest = {
  bytes: Buffer
  method: string
  /** It may leave something on its connection, which therefore carries nothing else. */
  alone: boolean
}

/** No answer of ours may repeat it. */
export const canary = 'zqcanaryzq'

const methods = ['GET', 'GET', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD']
const oddMethods = ['TRACE', 'CONNECT', 'PURGE', 'get', 'GETT', '', 'G T', 'PRI', 'M-SEARCH', 'QUERY', 'PROPFIND', '\x00', 'POST\t']
const segments = ['Patient', '1', '$export', '_search', 'a=b', '.well-known', 'metadata', 'x.y', '(a)', '%41', '%C3%A9', canary]
const oddSegments = [
  ...[
    '..',
    '.',
    '',
    '...',
    '%2e%2e',
    '%2E.',
    '..;',
    '..;a=b',
    '%252e%252e',
    '%2f',
    '%5c',
    '\\',
    '%00',
    '%0d%0a',
    '%c0%ae',
    '%',
    '%zz',
    '@evil.example',
  ],
  ...[
    ':80',
    'evil.example',
    '\xff',
    ' ',
    '\t',
    '\0',
    '#',
    ';',
    '..%20',
    '..\\',
    '%ef%bc%8e%ef%bc%8e',
    '%u002e',
    '~',
    '%7f',
    '%1f',
    '..%2f..%2f',
  ],
]
const queries = [
  '',
  '',
  '?a=b',
  `?name=${canary}`,
  '?a=..%2f',
  '?a=http://evil.example/',
  '?',
  '??',
  '?a#b',
  '?\xe9',
  '?a=|b|\\c',
  '?%0d%0aX:y',
  '? ',
]
const prefixes = [
  '/fhir',
  '/fhir',
  '/fhir',
  '/fhir',
  '/other',
  '/FHIR',
  '/fhi',
  '/fhirx',
  '',
  '//fhir',
  '/-',
  '/./fhir',
  '/x/../fhir',
  '/%66hir',
  '\\fhir',
]
const absolutes = ['http://evil.example', 'http://{host}', 'https://{host}', 'file://', '*', 'evil.example:80', 'http:', 'javascript:']
const versions = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0']
const oddVersions = ['HTTP/0.9', 'HTTP/2.0', 'HTTP/1.2', 'http/1.1', 'HTTP/11', 'HTTP/1.1 ', '', 'RTSP/1.0', 'HTTP/1.1\t']
const fields = [
  ...[
    'Accept: application/fhir+json',
    'Content-Type: application/fhir+json',
    'Prefer: return=minimal',
    'If-None-Match: W/"1"',
    `User-Agent: ${canary}`,
  ],
  ...[
    'X-Request-Id: 1',
    `X-MS-AZUREFHIR-AUDIT-A: ${canary}`,
    'Range: bytes=0-1',
    'traceparent: 00-0-0-00',
    'Accept-Encoding: gzip, br',
    'Cache-Control: no-cache',
  ],
]
const oddFields = [
  ...[
    'Authorization: Bearer forged',
    'authorization: Basic forged',
    'Authorization:',
    'Proxy-Authorization: Basic forged',
    'Authorization : Bearer forged',
  ],
  ...[
    'Connection: authorization',
    'Connection: host, authorization, content-length',
    'Connection: close',
    'Connection: upgrade',
    'Connection: ,,',
    'Connection: \t',
  ],
  ...[
    'Upgrade: websocket',
    'Upgrade: h2c',
    'TE: trailers',
    'Trailer: Authorization',
    'Keep-Alive: timeout=9',
    'Expect: 100-continue',
    'Expect: 200-ok',
  ],
  ...[
    'Host: evil.example',
    'host: {host}',
    'Host:',
    'X-Forwarded-Host: evil.example',
    'Forwarded: host=evil.example',
    'X-Original-URL: /admin',
    'X_Forwarded_For: 1',
  ],
  ...[
    `Cookie: a=${canary}`,
    'Origin: http://evil.example',
    'Origin: null',
    'Origin: http://{host}',
    'Referer: http://evil.example/',
    'Sec-Fetch-Site: cross-site',
  ],
  ...[
    'Sec-Fetch-Site: none',
    'Sec-Fetch-Mode: navigate',
    'Sec-Fetch-Dest: document',
    'Sec-Purpose: prefetch',
    'X-HTTP-Method-Override: DELETE',
    'Via: 1.1 x',
  ],
  ...[
    'Content-Length: 3',
    'Content-Length: 0',
    'Content-Length: +1',
    'Content-Length: 1, 1',
    'Content-Length: 99999999999999999999',
    'Content-Length: 1e1',
  ],
  ...[
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: identity',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding: xchunked',
  ],
  ...[
    '__proto__: x',
    'constructor: x',
    ': x',
    'nonsense',
    ' folded',
    '\tfolded',
    'X-A: \0',
    'X-A: \x7f',
    'X-A: a\rb',
    'X-A: a\nb',
    'X A: b',
    'X-\xc4: b',
    'X-A: \xff\xfe',
  ],
  ...[
    'Hallpass-Key: forged',
    'Hallpass-Interactive: never',
    'Hallpass-Error: forged',
    'Max-Forwards: 0',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    'Accept: */*\t',
    'Range: bytes=a',
  ],
  // What a pattern that backtracks would read for seconds.
  ...[
    `Accept-Encoding: gzip${' '.repeat(15_000)}x`,
    `Accept-Encoding: ${'gzip;q=1 ,'.repeat(1_000)}`,
    `Content-Type: application/json${' '.repeat(15_000)}x`,
    `Content-Type: ${'"\\"'.repeat(3_000)}`,
    `Accept: ${'a/b;c="'.repeat(2_000)}`,
    'Content-Type: text/plain',
    'If-None-Exist: a=b',
  ],
]
const hosts = [
  'evil.example',
  '',
  '{host}, evil.example',
  '{host}/x',
  'localhost.',
  '127.0.0.1.nip.io',
  '0.0.0.0',
  'LOCALHOST',
  '[::1]',
  '127.0.0.1:1',
  '{host}@evil',
  '\0',
]
const chunks = [
  '3\r\nabc\r\n',
  '1\r\na\r\n',
  '3;a=b\r\nabc\r\n',
  '0x3\r\nabc\r\n',
  '3 \r\nabc\r\n',
  '3\nabc\n',
  '-1\r\n',
  'fffffffffffffffff\r\n',
  '03\r\nabc\r\n',
  '3\r\nab\r\n',
  '3\r\nabcd\r\n',
  'z\r\n',
]
const ends = [
  '0\r\n\r\n',
  '0\r\n\r\n',
  '0\r\nX-A: b\r\n\r\n',
  '0\r\nAuthorization: Bearer forged\r\n\r\n',
  '0\r\n',
  '',
  '0;a\r\n\r\n',
  '00\r\n\r\n',
]

/** Draws a request for a daemon that is addressed by `host`. About one in four is good. */
export function drawRequest(random: Seeded, host: string): FuzzedRequest {
  const odd = (percent: number) => random.integer(100) < percent
  const method = odd(6) ? random.pick(oddMethods) : random.pick(methods)
  const lines = [`${method} ${drawTarget(random)} ${odd(5) ? random.pick(oddVersions) : random.pick(versions)}`]
  if (!odd(2)) lines.push(odd(8) ? `Host: ${random.pick(hosts)}` : 'Host: {host}')
  for (let count = random.integer(6); count > 0; count--) lines.push(odd(22) ? random.pick(oddFields) : random.pick(fields))
  if (odd(1)) for (let count = 100; count > 0; count--) lines.push(`X-${count}: y`)
  const [framing, body, framed] = drawBody(random, method)
  if (framing) lines.splice(odd(50) ? lines.length : Math.min(2, lines.length), 0, framing)
  const lineEnd = odd(1) ? random.pick(['\n', '\r', '\r\r\n']) : '\r\n'
  let text = `${lines.join(lineEnd)}${lineEnd}${lineEnd}${body}`.replaceAll('{host}', host)
  const mutated = odd(15)
  if (mutated) for (let count = 1 + random.integer(4); count > 0; count--) text = mutate(text, random)
  const pipelined = odd(3)
  if (pipelined)
    text += random.pick(['GET /fhir/second HTTP/1.1\r\nHost: {host}\r\n\r\n', 'garbage', '\r\n', '\0']).replaceAll('{host}', host)
  const alone =
    mutated ||
    pipelined ||
    !framed ||
    method === 'HEAD' ||
    lineEnd !== '\r\n' ||
    /content-length|transfer-encoding|expect|connection|upgrade/i.test(lines.join())
  return { bytes: Buffer.from(text, 'latin1'), method, alone }
}

function drawTarget(random: Seeded): string {
  if (random.integer(40) === 0) return random.pick(absolutes) + random.pick(prefixes)
  let target = random.integer(10) === 0 ? random.pick(prefixes) : '/fhir'
  for (let count = random.integer(5); count > 0; count--)
    target += `/${random.integer(12) === 0 ? random.pick(oddSegments) : random.pick(segments)}`
  return target + (random.integer(3) === 0 ? random.pick(queries) : '')
}

/** A framing field, the body, and whether they agree. */
function drawBody(random: Seeded, method: string): [framing: string, body: string, agrees: boolean] {
  if (!['POST', 'PUT', 'PATCH'].includes(method) && random.integer(10) > 0) return ['', '', true]
  switch (random.integer(5)) {
    case 0:
      return ['', '', true]
    case 1:
    case 2: {
      const body = random.pick(['{}', '', `{"name":"${canary}"}`, 'GET /fhir/smuggled HTTP/1.1\r\nHost: x\r\n\r\n', '\0\0\0'])
      return [`Content-Length: ${body.length}`, body, true]
    }
    case 3:
      return ['Transfer-Encoding: chunked', `2\r\n{}\r\n0\r\n\r\n`, true]
    default:
      return [
        'Transfer-Encoding: chunked',
        Array.from({ length: random.integer(4) }, () => random.pick(chunks)).join('') + random.pick(ends),
        false,
      ]
  }
}

/** Changes a byte, leaves one out, doubles a stretch, or puts a special one in. */
export function mutate(text: string, random: Seeded): string {
  const at = random.integer(text.length + 1)
  const length = 1 + random.integer(8)
  switch (random.integer(5)) {
    case 0:
      return text.slice(0, at) + String.fromCharCode(random.integer(256)) + text.slice(at + 1)
    case 1:
      return text.slice(0, at) + text.slice(at + length)
    case 2:
      return text.slice(0, at) + text.slice(at, at + length) + text.slice(at)
    case 3:
      return (
        text.slice(0, at) +
        random.pick(['\r', '\n', '\r\n', '\0', ' ', '\t', ':', ',', ';', '\xff', '%', '#', '/', '\\', '0']) +
        text.slice(at)
      )
    default:
      return text.slice(0, at)
  }
}
