// A grammar of answers that an origin should never give, drawn by a seeded generator.
import type { Seeded } from '../fixtures/seeded.ts'
import { mutate } from './grammar.ts'

export type FuzzedAnswer = { bytes: Buffer; keep: boolean }

const statuses = [
  '200 OK',
  '200 OK',
  '201 Created',
  '301 Moved',
  '304 Not Modified',
  '400 Bad',
  '401 No',
  '403 No',
  '404 No',
  '429 Slow',
  '500 Broken',
  '503 Later',
  '200',
  '206 Part',
]
const oddStatuses = [
  '099 Low',
  '999 High',
  '20 Short',
  '2000 Long',
  'abc',
  '',
  '101 Switching Protocols',
  '100 Continue',
  '103 Early Hints',
  '-1 Neg',
  '200 \xff',
  '200 a\rb',
]
const versions = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'http/1.1', 'ICY', 'HTTP/1.1 ']
const fields = [
  ...[
    'Content-Type: application/fhir+json',
    'ETag: W/"1"',
    'Content-Type: text/html',
    'X-Request-Id: 1',
    'Date: Thu, 01 Jan 1970 00:00:00 GMT',
    'Server: x',
    'Vary: Accept',
  ],
  ...[
    'Access-Control-Allow-Origin: *',
    'Access-Control-Allow-Credentials: true',
    'access-control-expose-headers: *',
    'Set-Cookie: a=b',
    'SET-COOKIE: a=b',
    'Clear-Site-Data: "*"',
  ],
  ...['Set-Login: logged-in', 'Secure-Session-Registration: (ES256)', 'Origin-Trial: x', 'Use-As-Dictionary: match="/*"', 'NEL: {}'],
  ...['Referrer-Policy: unsafe-url', 'Document-Policy: x', 'Service-Worker-Allowed: /', 'Speculation-Rules: "x"', 'Accept-CH: x'],
  ...[
    'Strict-Transport-Security: max-age=1',
    'Alt-Svc: h3=":443"',
    'Refresh: 0;url=http://evil.example/',
    'Content-Security-Policy: default-src *',
    'X-Content-Type-Options: no',
  ],
  ...[
    'Location: http://evil.example/',
    'Location: //evil.example/',
    'Location: {origin}/base/Patient/1',
    'Location: javascript:1',
    'Content-Location: /base/x',
    'Link: <http://evil.example/>; rel=next',
  ],
  ...[
    'Connection: close',
    'Connection: keep-alive',
    'Connection: content-security-policy, x-content-type-options, date',
    'Keep-Alive: timeout=1',
    'Upgrade: h2c',
    'Trailer: X-A',
  ],
  ...[
    'WWW-Authenticate: Bearer error="invalid_token"',
    'Hallpass-Error: forged',
    'Hallpass-Explain: http://evil.example/',
    'Content-Encoding: gzip',
    'Content-Encoding: br, gzip',
    'X-Echo: Bearer {token}',
  ],
  ...[
    'Content-Length: 5',
    'Content-Length: 0',
    'Content-Length: -1',
    'Content-Length: 5, 5',
    'Content-Length: 99999999999999999999',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip',
  ],
  ...[
    'X-A: b\0c',
    ' folded',
    'nonsense',
    ': x',
    'X A: b',
    'X-A: \xff',
    'X-A: a\rb',
    'Content-Range: bytes 0-1/2',
    'Retry-After: 99999999999',
    'Cache-Control: public, max-age=9',
  ],
]
const bodies = [
  '',
  '{}',
  '{"resourceType":"Patient"}',
  '<script>1</script>',
  'Bearer {token}',
  '{token}',
  '\x1f\x8b\x08\x00garbage',
  '\0'.repeat(100),
  'x'.repeat(5_000),
  '{"fullUrl":"{origin}/base/Patient/1"}',
  '{"next":"{origin}/base?ct={token}"}',
]
const oddChunks = [
  '3;a=b\r\nabc\r\n',
  '0x3\r\nabc\r\n',
  '3\nabc\n',
  '-1\r\n',
  'fffffffffffffffff\r\n',
  '3\r\nabcd\r\n',
  'z\r\n',
  '3 \r\nabc\r\n',
]

/** Draws an answer for an origin at `origin`, for a request that carried `token`. */
export function drawAnswer(random: Seeded, origin: string, token: string): FuzzedAnswer {
  const odd = (percent: number) => random.integer(100) < percent
  const lines = [`${odd(10) ? random.pick(versions) : 'HTTP/1.1'} ${odd(8) ? random.pick(oddStatuses) : random.pick(statuses)}`]
  for (let count = random.integer(7); count > 0; count--) lines.push(random.pick(fields))
  if (odd(1)) for (let count = random.integer(2_000); count > 0; count--) lines.push(`X-${count}: y`)
  const body = random.pick(bodies)
  const fill = (text: string) => text.replaceAll('{origin}', origin).replaceAll('{token}', token)
  const [framing, framed, good] = frame(random, fill(body))
  if (framing) lines.push(framing)
  let text = fill(`${lines.join('\r\n')}\r\n\r\n`) + framed
  const interim = odd(4)
  if (interim) text = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(1 + random.integer(50)) + text
  const mutated = odd(20)
  if (mutated) for (let count = 1 + random.integer(4); count > 0; count--) text = mutate(text, random)
  if (odd(3)) text += random.pick(['HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond', 'garbage', '\r\n\r\n'])
  return {
    bytes: Buffer.from(text, 'latin1'),
    keep: good && !mutated && odd(70) && !/length|encoding|connection|upgrade|HTTP\/1\.1 1/i.test(lines.slice(0, -1).join()),
  }
}

function frame(random: Seeded, body: string): [field: string, framed: string, good: boolean] {
  const chunk = (part: string) => (part ? `${part.length.toString(16)}\r\n${part}\r\n` : '')
  switch (random.integer(6)) {
    case 0:
      return ['', body, false]
    case 1:
      return [`Content-Length: ${body.length + random.integer(3) - 1}`, body, false]
    case 2:
      return [
        'Transfer-Encoding: chunked',
        chunk(body) + random.pick(oddChunks) + random.pick(['0\r\n\r\n', '0\r\nX-A: b\r\n\r\n', '']),
        false,
      ]
    case 3: {
      const at = random.integer(body.length + 1)
      return ['Transfer-Encoding: chunked', `${chunk(body.slice(0, at))}${chunk(body.slice(at))}0\r\n\r\n`, true]
    }
    default:
      return [`Content-Length: ${body.length}`, body, true]
  }
}
