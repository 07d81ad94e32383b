// What of an answer's fields reaches the client: from bytes of an origin through undici and the choice to bytes on a socket.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { Agent, type Dispatcher } from 'undici'
import { answerFields } from '../../src/proxy/answer-fields.ts'
import { sendRaw } from '../fixtures/raw-http.ts'
import { startRecordingOrigin } from '../fixtures/recording-origin.ts'

let answer = ''
const origin = await startRecordingOrigin(t, () => answer)
const dispatcher = new Agent()
const port = await startRelay()

/** The shortest of proxies: the answer's fields are chosen, its body is passed on. */
async function startRelay(): Promise<number> {
  const server = createServer((request, response) => {
    const handler: Dispatcher.DispatchHandler = {
      onConnect: () => undefined,
      onHeaders: (status, rawHeaders) => {
        response.writeHead(status, answerFields(rawHeaders))
        return true
      },
      onData: chunk => response.write(chunk),
      onComplete: () => response.end(),
      onError: error => response.destroy(error),
    }
    dispatcher.dispatch({ origin: origin.origin, path: '/', method: request.method as Dispatcher.HttpMethod }, handler)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.close().closeAllConnections()
    await dispatcher.destroy()
  })
  return (server.address() as AddressInfo).port
}

const ours = ['content-security-policy', 'x-content-type-options', 'referrer-policy', 'cache-control', 'cross-origin-resource-policy']
const framing = ['content-length', 'connection', 'keep-alive', 'date', 'transfer-encoding']

/** What the client sees of an answer with these fields, beside what every answer has. */
async function arriving(...fields: string[]): Promise<string[]> {
  answer = `HTTP/1.1 200 OK\r\n${fields.map(field => `${field}\r\n`).join('')}Content-Length: 2\r\n\r\nok`
  const got = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  if (got?.status !== 200 || got.body !== 'ok') return [`answer ${got?.status}: ${got?.body}`]
  return [...got.fields].filter(([name]) => !ours.includes(name) && !framing.includes(name)).map(([name, value]) => `${name}: ${value}`)
}

t.test('what the service says about its resource passes', async t => {
  const passing = [
    ...[
      'Content-Type: application/fhir+json; charset=utf-8',
      'Content-Encoding: gzip',
      'Content-Language: de',
      'Content-Disposition: attachment',
    ],
    ...[
      'Content-Location: https://x/Patient/1',
      'Location: https://x/Patient/1/_history/1',
      'ETag: W/"1"',
      'Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT',
    ],
    ...[
      'Link: </x>; rel="next"',
      'Retry-After: 1',
      'x-ms-retry-after-ms: 20',
      'WWW-Authenticate: Bearer realm="x"',
      'Allow: GET',
      'Accept-Ranges: bytes',
    ],
    ...[
      'Content-Range: bytes 0-1/2',
      'Vary: Accept',
      'Warning: 299 x "y"',
      'erroneous-dicom-attributes: x',
      'api-supported-versions: 1, 2',
      'Age: 1',
    ],
    ...[
      'X-Request-Id: 1',
      'X-Correlation-Id: 2',
      'X-Progress: 50%',
      'x-ms-request-charge: 1',
      'Server: x',
      'Via: 1.1 y',
      'X-Umlaut: m\u00fc',
    ],
  ]
  for (const field of passing) {
    const [name = '', value = ''] = field.split(/: (.*)/s)
    t.strictSame(await arriving(field), [`${name.toLowerCase()}: ${value}`], name)
  }
  t.same(
    answerFields(['ETag', 'a', 'Warning', 'b', 'WARNING', 'c']).slice(0, 6),
    ['ETag', 'a', 'Warning', 'b', 'WARNING', 'c'],
    'in its order and spelling',
  )
})

t.test('what would act on our origin does not', async t => {
  const withheld = [
    ...[
      'Access-Control-Allow-Origin: *',
      'Access-Control-Allow-Credentials: true',
      'access-control-expose-headers: x',
      'Access-Control-Allow-Private-Network: true',
    ],
    ...[
      'Set-Cookie: a=b',
      'SET-COOKIE: a=b',
      'Set-Cookie2: a=b',
      'Clear-Site-Data: "*"',
      'Strict-Transport-Security: max-age=1',
      'Alt-Svc: h3=":443"',
    ],
    ...[
      'Refresh: 0; url=http://evil.com',
      'Public-Key-Pins: x',
      'Public-Key-Pins-Report-Only: x',
      'Expect-CT: x',
      'NEL: {}',
      'Report-To: {}',
      'Reporting-Endpoints: a="b"',
    ],
    ...[
      'Content-Security-Policy-Report-Only: x',
      'X-Frame-Options: ALLOWALL',
      'Service-Worker-Allowed: /',
      'SourceMap: /x',
      'X-SourceMap: /x',
    ],
    ...[
      'Timing-Allow-Origin: *',
      'Cross-Origin-Opener-Policy: unsafe-none',
      'Cross-Origin-Embedder-Policy: x',
      'Permissions-Policy: x',
      'Referrer-Policy: unsafe-url',
    ],
    ...[
      'Accept-CH: x',
      'Critical-CH: x',
      'Origin-Agent-Cluster: ?0',
      'Speculation-Rules: "x"',
      'Document-Policy: x',
      'Pragma: x',
      'Expires: 0',
    ],
    ...['X-Content-Security-Policy: x', 'X-WebKit-CSP: x', 'Feature-Policy: x'],
    ...['Set-Login: logged-in', 'Use-As-Dictionary: match="/*"', 'Shared-Storage-Write: clear', 'Activate-Storage-Access: load'],
    ...['Secure-Session-Registration: (ES256);path="x"', 'Sec-Session-Registration: (ES256);path="x"'],
    ...['Attribution-Reporting-Register-Source: {}', 'Integrity-Policy: x', 'Integrity-Policy-Report-Only: x'],
    ...[
      'Secure-Session-Challenge: "x"',
      'Secure-Session-Id: x',
      'Sec-Session-Challenge: "x"',
      'Available-Dictionary: :x:',
      'Origin-Trial: x',
    ],
    ...['Attribution-Reporting-Register-Trigger: {}', 'Attribution-Reporting-Info: x', 'Integrity-Policy-X: x', 'Ad-Auction-Allowed: ?1'],
    ...[
      'Document-Isolation-Policy: x',
      'Require-Document-Policy: x',
      'Document-Policy-Report-Only: x',
      'Permissions-Policy-Report-Only: x',
    ],
    ...['No-Vary-Search: params', 'X-DNS-Prefetch-Control: on', 'IdP-SignIn-Status: action=signin', 'Supports-Loading-Mode: fenced-frame'],
    ...['Observe-Browsing-Topics: ?1', 'Accept-CH-Lifetime: 9', 'Delegate-CH: x'],
    ...['Proxy-Connection: x', 'Trailer: X', 'Upgrade: h2c', 'TE: x', 'HTTP2-Settings: AAE'],
    ...['Proxy-Authenticate: Basic', 'Proxy-Authorization: Basic eA==', 'Proxy-Authentication-Info: x'],
    ...['Hallpass-Error: browser-refused', 'hallpass-explain: http://evil.com'],
  ]
  for (const field of withheld) t.strictSame(await arriving(field), [], field)
  const replaced = ['Content-Security-Policy', 'X-Content-Type-Options', 'Cross-Origin-Resource-Policy', 'Cache-Control', 'Referrer-Policy']
  for (const name of [...replaced, 'Keep-Alive']) t.notOk(answerFields([name, 'theirs']).includes('theirs'), `${name}: ours alone`)
  t.strictSame(
    await arriving('Connection: x-private, Warning', 'X-Private: a', 'X-Public: b', 'Warning: c'),
    ['x-public: b'],
    'nor what Connection names',
  )
  t.strictSame(await arriving('Connection: x-a', 'X-A: 1', 'X-B: 2', 'X-C: 3', 'Connection: X-B'), ['x-c: 3'], 'in any of its lines')
})

t.test('every answer is sandboxed and not stored, whatever the service says', async t => {
  for (const fields of [
    [],
    [
      'Cache-Control: public, max-age=9',
      "Content-Security-Policy: default-src *; script-src 'unsafe-inline'",
      'X-Content-Type-Options: none',
      'Cross-Origin-Resource-Policy: cross-origin',
      'Connection: cache-control, content-security-policy',
    ],
  ]) {
    const raw = fields.flatMap(field => field.split(/: (.*)/s).slice(0, 2))
    t.same(answerFields(raw), [
      ...['Content-Security-Policy', "sandbox; default-src 'none'; frame-ancestors 'none'"],
      ...['X-Content-Type-Options', 'nosniff', 'Referrer-Policy', 'no-referrer'],
      ...['Cache-Control', 'no-store'],
      ...['Cross-Origin-Resource-Policy', 'same-origin'],
    ])
  }
  answer = 'HTTP/1.1 304 Not Modified\r\nETag: W/"1"\r\nCache-Control: private\r\n\r\n'
  const unmodified = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  t.equal(unmodified?.status, 304)
  t.equal(unmodified?.fields.get('etag'), 'W/"1"')
  t.equal(unmodified?.fields.get('cache-control'), 'no-store')
})

t.test('a route may leave caching to the service; the rest stays', async t => {
  const raw = ['Cache-Control', 'private, max-age=60', 'Expires', 'x', 'Pragma', 'y', 'Set-Cookie', 'a=b']
  t.strictSame(answerFields(raw, { cache: 'as-is' }), [
    ...raw.slice(0, 6),
    ...['Content-Security-Policy', "sandbox; default-src 'none'; frame-ancestors 'none'"],
    ...['X-Content-Type-Options', 'nosniff', 'Referrer-Policy', 'no-referrer', 'Cross-Origin-Resource-Policy', 'same-origin'],
  ])
  t.notMatch(answerFields(raw, { cache: 'no-store' }), ['private, max-age=60'])
})

t.test('what the guard says about sharing stands beside what the service varies by, and in place of what it allows', async t => {
  const shared = { 'Access-Control-Allow-Origin': 'http://localhost:3000', 'Cross-Origin-Resource-Policy': 'cross-origin', Vary: 'Origin' }
  const fields = answerFields(['Vary', 'Accept', 'Access-Control-Allow-Origin', '*', 'Link', '<a>', 'Link', '<b>'], { shared })
  const valuesOf = (name: string) => fields.filter((_, index) => index % 2 === 1 && fields[index - 1] === name)
  t.strictSame(valuesOf('Vary'), ['Accept', 'Origin'])
  t.strictSame(valuesOf('Link'), ['<a>', '<b>'])
  t.strictSame(valuesOf('Access-Control-Allow-Origin'), ['http://localhost:3000'])
  t.strictSame(valuesOf('Cross-Origin-Resource-Policy'), ['cross-origin'])
})

t.test('framing is made anew', async t => {
  answer = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close, x-private\r\nX-Private: a\r\n\r\n5\r\nhello\r\n0\r\n\r\n'
  const chunked = await sendRaw(port, 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n')
  t.equal(chunked?.body, 'hello', 'a client of HTTP/1.0 gets no chunks')
  t.notOk(chunked?.fields.has('transfer-encoding'))
  t.notOk(chunked?.fields.has('x-private'))
  t.same(answerFields(['Transfer-Encoding', 'chunked', 'Content-Length', '5', 'Connection', 'content-length']).slice(0, 2), [
    'Content-Length',
    '5',
  ])
})
