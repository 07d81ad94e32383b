// What of a request's fields reaches the origin: from node's parser through the choice and undici to bytes on a socket.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { Agent, type Dispatcher } from 'undici'
import { rememberingSpellings } from '../../src/proxy/field-names.ts'
import { chooseFields, type FieldTally } from '../../src/proxy/fields.ts'
import { judgeRepeated } from '../../src/proxy/repeated-fields.ts'
import { Bearer } from '../../src/terms/bearer.ts'
import { sendRaw } from '../fixtures/raw-http.ts'
import { startRecordingOrigin } from '../fixtures/recording-origin.ts'

const bearer = new Bearer('our.own-token', 'https://x', 0)
const origin = await startRecordingOrigin(t)
const dispatcher = new Agent()
const port = await startRelay()

/** The shortest of proxies: fields are chosen, nothing else happens. */
async function startRelay(): Promise<number> {
  const server = createServer((request, response) => {
    const { rawHeaders, url: path = '', method = 'GET' } = request
    dispatcher
      .request({ origin: origin.origin, path, method: method as Dispatcher.HttpMethod, headers: chooseFields(rawHeaders, bearer) })
      .then(
        ({ statusCode }) => response.writeHead(statusCode).end(),
        (error: Error) => response.writeHead(500, { 'Content-Length': Buffer.byteLength(error.message) }).end(error.message),
      )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.close().closeAllConnections()
    await dispatcher.destroy()
  })
  return (server.address() as AddressInfo).port
}

/** The head of the request that the origin got for a GET with these fields, as lines, without request line, Host and `connection`. */
async function arriving(...fields: string[]): Promise<string[]> {
  const text = `GET /Patient?ct=a%2fb+=\\ HTTP/1.1\r\nHost: localhost:3447\r\n${fields.map(field => `${field}\r\n`).join('')}\r\n`
  const answer = await sendRaw(port, text)
  if (answer?.status !== 204) return [`answer ${answer?.status}: ${answer?.body}`]
  const [requestLine, ...lines] = (origin.received.at(-1) ?? '').split('\r\n')
  const hosts = lines.filter(line => /^host:/i.test(line))
  if (requestLine !== 'GET /Patient?ct=a%2fb+=\\ HTTP/1.1') return ['another request line']
  if (hosts.length !== 1 || hosts[0]?.toLowerCase() !== `host: ${origin.host}`) return ['another Host']
  return lines.filter(line => line && !/^(host|connection):/i.test(line))
}

const injected = 'authorization: Bearer our.own-token'

t.test('what means something to the service passes, value for value', async t => {
  const passing = [
    ...['Accept: application/fhir+json;q=0.9, */*', 'Accept-Encoding: gzip, br', 'Accept-Language: de', 'Accept-Charset: utf-8'],
    ...[
      'Content-Type: multipart/related; type="application/dicom"; boundary=a',
      'Content-Encoding: gzip',
      'Content-Language: de',
      'Content-Location: /x',
    ],
    ...[
      'If-Match: W/"1"',
      'If-None-Match: *',
      'If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT',
      'If-None-Exist: identifier=a|b',
      'If-Range: "x"',
    ],
    ...['Prefer: return=minimal', 'Prefer: respond-async', 'Range: bytes=0-1', 'Cache-Control: no-cache', 'User-Agent: a (b) c/1'],
    ...['X-Request-Id: 1', 'X-Correlation-Id: 2', 'traceparent: 00-1-2-01', 'tracestate: a=b'],
    ...['X-Provenance: {"resourceType":"Provenance"}', 'X-MS-AZUREFHIR-AUDIT-USER: m\u00fc', 'X-MS-AZUREFHIR-AUDIT-site-2: x'],
    ...['x-bundle-processing-logic: parallel', 'x-conditionalquery-processing-logic: sequential', 'x-ms-profile-validation: true'],
    ...['x-ms-use-partial-indices: true', 'x-ms-query-latency-over-efficiency: true', 'x-ms-query-cache: on', 'x-ms-fhiruser: a'],
    ...['msdicom-request-original: true', 'Content-Digest: sha-256=:a:'],
  ]
  for (const field of passing) {
    const [name = '', value = ''] = field.split(/: (.*)/s)
    t.strictSame(await arriving(field), [`${name.toLowerCase()}: ${value}`, injected], name)
  }
  t.strictSame(await arriving('Prefer: a', 'PREFER: b'), ['prefer: a', 'prefer: b', injected], 'a repeated field stays repeated')
  t.strictSame(await arriving('prefer: a', 'aCCEPT: b'), ['prefer: a', 'accept: b', injected], 'in any spelling')
})

t.test('what does not mean anything to the service stays here', async t => {
  const staying = [
    ...['Cookie: session=1', 'Cookie2: a', 'Origin: http://localhost:3000', 'Referer: http://localhost:3000/', 'DNT: 1', 'Via: 1.1 x'],
    ...[
      'Forwarded: host=evil.com',
      'X-Forwarded-Host: evil.com',
      'X-Forwarded-For: 1.2.3.4',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Prefix: /x',
    ],
    ...[
      'X-Original-URL: /admin',
      'X-Rewrite-URL: /admin',
      'X-HTTP-Method-Override: DELETE',
      'X-HTTP-Method: DELETE',
      'X-Method-Override: DELETE',
    ],
    ...[
      'X-Real-IP: 1.2.3.4',
      'X-ARR-SSL: x',
      'X-MS-CLIENT-PRINCIPAL: x',
      'X-MS-TOKEN-AAD-ACCESS-TOKEN: x',
      'Client-Cert: x',
      'X-Client-Cert: x',
    ],
    ...[
      'Sec-Fetch-Site: none',
      'sec-ch-ua: x',
      'Upgrade-Insecure-Requests: 1',
      'Access-Control-Request-Method: PUT',
      'Hallpass-Key: secret',
    ],
    ...['Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive', 'TE: trailers', 'Trailer: Expires', 'Upgrade: h2c', 'HTTP2-Settings: AAE'],
    ...[
      'Proxy-Authorization: Basic eA==',
      'Content_Type: x',
      'If_Match: x',
      'X_Request_Id: x',
      'X-MS-AZUREFHIR-AUDIT-A_B: x',
      'X-MS-AZUREFHIR-AUDIT-: x',
      'Y-X-MS-AZUREFHIR-AUDIT-A: x',
    ],
    ...[
      'X-Anything: x',
      '__proto__: x',
      'constructor: x',
      'toString: x',
      `X-${'long'.repeat(50)}: x`,
      'Authorization-Info: x',
      'Authentication: x',
    ],
  ]
  for (const field of staying) t.strictSame(await arriving(field), [injected], field)
})

t.test('one Authorization, ours, whatever the client does', async t => {
  const attempts = [
    ['Authorization: Bearer theirs'],
    ['authorization: Basic eA=='],
    ['AUTHORIZATION: a', 'Authorization: b'],
    ['Connection: authorization'],
    ['Connection: close, Authorization'],
    ['Connection: keep-alive', 'Connection: authorization, host'],
    ['Authorization: Bearer theirs', 'Connection: authorization'],
    ['Proxy-Authorization: Bearer theirs'],
    ['X-Authorization: Bearer theirs'],
    ['Authorization:'],
  ]
  for (const fields of attempts) t.strictSame(await arriving(...fields), [injected], fields.join(' + '))
  t.same(chooseFields(['Authorization', 'Bearer theirs']), [], 'and without a bearer none at all')
})

t.test('Connection takes its own fields along, and nothing that the message needs', async t => {
  const fields = ['Accept: a', 'Prefer: b', 'If-Match: c']
  t.strictSame(await arriving(...fields, 'Connection: keep-alive'), ['accept: a', 'prefer: b', 'if-match: c', injected])
  t.strictSame(await arriving(...fields, 'Connection: authorization, host, content-length, prefer'), ['accept: a', 'if-match: c', injected])
  t.strictSame(await arriving(...fields, 'Connection: close, prefer'), ['accept: a', 'if-match: c', injected], 'behind close')
  t.strictSame(await arriving('Connection: IF-MATCH ,, accept', ...fields), ['prefer: b', injected], 'wherever it stands, in any spelling')
  t.strictSame(await arriving('Connection: accept', ...fields, 'Connection: prefer'), ['if-match: c', injected], 'every line of it')
  t.same(chooseFields(['Content-Length', '5', 'Connection', 'content-length'], bearer).slice(0, 2), ['content-length', '5'])
})

t.test('a field of one value that stands there twice is named; lists may be repeated', async t => {
  const named = (...rawHeaders: string[]) => judgeRepeated(rawHeaders)?.message
  t.match(named('Content-Type', 'application/json', 'content-TYPE', 'text/plain'), /content-type/)
  t.match(named('Accept', 'a', 'Range', 'bytes=0-1', 'Accept', 'b', 'Range', 'bytes=2-3'), /range/)
  t.match(named('Content-Type', 'application/json,text/plain'), /content-type/)
  t.equal(
    named('Content-Type', 'application/json; a="x, \\", y"', 'Range', 'a, b', 'Prefer', 'a', 'Prefer', 'b', 'Cookie', 'a', 'Cookie', 'b'),
    undefined,
  )
  t.equal(named('Content-Type', `${'a;'.repeat(4_000)}${'"'.repeat(4_001)}`), undefined, 'whatever it looks like')
  t.equal(named(), undefined)
})

t.test('framing is made anew', async t => {
  t.same(chooseFields(['Transfer-Encoding', 'chunked', 'Expect', '100-continue', 'Host', 'evil.com']), [])
  t.same(chooseFields(['Content-Length', '15']), ['content-length', '15'])
  for (const length of ['', ' ', '+5', '-5', '5 ', '5, 5', '0x5', '5e0', 'five', '5\u0000', '1'.repeat(16)])
    t.same(chooseFields(['Content-Length', length]), [], JSON.stringify(length))
})

t.test('what was dropped is counted', async t => {
  const tally: FieldTally = { dropped: 0, ownAuthorization: false, otherLoopbackUrls: 0 }
  chooseFields(['Host', 'x', 'Accept', 'a', 'Connection', 'close', 'Keep-Alive', 'x', 'Expect', 'x'], bearer, tally)
  t.same(tally, { dropped: 0, ownAuthorization: false, otherLoopbackUrls: 0 }, 'not what belongs to the connection')
  chooseFields(['Cookie', 'a=b', 'X-Mine', '1', 'Authorization', 'Basic eA=='], bearer, tally)
  t.same(tally, { dropped: 2, ownAuthorization: true, otherLoopbackUrls: 0 })
  chooseFields(['X-Mine', '1'], bearer, tally)
  t.same(tally, { dropped: 3, ownAuthorization: true, otherLoopbackUrls: 0 }, 'added to what was there')
})

t.test('ever new names change nothing for the known ones', async t => {
  for (let index = 0; index < 5_000; index++) chooseFields([`X-Flood-${index}`, 'x'], bearer)
  t.strictSame(await arriving('aCcEpT: a', 'X-Flood-9999: b', 'Prefer: c'), ['accept: a', 'prefer: c', injected])
})

t.test('what is remembered of names is bounded, in number and in length', async t => {
  const judged: string[] = []
  const lookUp = rememberingSpellings(name => {
    judged.push(name)
    return name
  })
  const timesJudged = (spelling: string) => {
    const before = judged.length
    for (let count = 0; count < 3; count++) lookUp(spelling)
    return judged.length - before
  }
  t.equal(timesJudged('x'.repeat(64)), 1)
  t.equal(timesJudged('x'.repeat(65)), 3)
  for (let index = 0; index < 600; index++) lookUp(`X-Flood-${index}`)
  t.equal(timesJudged('X-One-More'), 3)
  t.equal(timesJudged('X-Flood-0'), 0)
})
