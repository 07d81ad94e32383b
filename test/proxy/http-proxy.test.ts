// The same traffic through http-proxy 1.18.1 and through us, nothing localised: the same statuses and bytes at the client, and every difference listed.
import { once } from 'node:events'
import { Agent, createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import httpProxy from 'http-proxy'
import t, { type Test } from 'tap'
import { startOrigin, startProxied } from '../fixtures/proxied.ts'

/** Fields that differ at the client, and why ours is right. */
const differences: Readonly<Record<string, string>> = {
  'access-control-allow-origin': 'CORS on localhost is ours to decide, not the service’s',
  'alt-svc': 'it would send a browser’s requests for localhost elsewhere',
  'cache-control': 'no-store in its place: health data does not rest in a browser’s cache',
  'clear-site-data': 'it would clear what others keep on localhost',
  connection: 'of this connection only (RFC 9110 section 7.6.1); http-proxy copies it',
  'content-security-policy': 'ours: nothing that the service stores may run here',
  'cross-origin-resource-policy': 'ours: no page of another origin embeds an answer',
  expires: 'with cache-control',
  'hallpass-explain': 'where the service’s refusal is explained',
  'keep-alive': 'of this connection only',
  link: 'a repeated field stays repeated; http-proxy joins its values',
  'proxy-authenticate': 'of this connection only',
  'referrer-policy': 'ours: a link in a stored page tells nobody the address that it stands at',
  'server-timing': 'extended with ours; the service’s own stays',
  'set-cookie': 'cookies of localhost are shared by all its ports',
  'strict-transport-security': 'it would forbid plain http on localhost',
  trailer: 'trailers are not passed on, and so not announced (RFC 9110 section 6.5)',
  warning: 'a repeated field stays repeated; http-proxy joins its values',
  'x-content-type-options': 'ours: nosniff',
  'x-hop': 'named in Connection: of this connection only',
}

type Answer = { status: number; body: Buffer; fields: Map<string, string>; trailers: Record<string, unknown> }

const multipart = Buffer.from('--a\r\n\r\n--b\r\n--a--b\r\n\0\xff--\r\n--a--\r\n', 'latin1')
const large = Buffer.alloc(3_000_000, 'hallpass ')

/** What the origin answers, by path: status, fields, body; `stream` sends it chunked. */
const answers: Readonly<
  Record<string, { status: number; fields?: Record<string, string | string[]>; body?: Buffer | string; stream?: boolean }>
> = {
  plain: {
    status: 200,
    fields: { ETag: 'W/"7"', 'Last-Modified': 'Thu, 01 Jan 1970 00:00:00 GMT', 'X-Correlation-Id': 'abc' },
    body: '{"a":1}',
  },
  chunked: { status: 200, body: large, stream: true },
  long: { status: 200, body: large },
  empty: { status: 200, body: '' },
  created: { status: 201, fields: { Location: 'https://elsewhere.example/Patient/1/_history/1', 'Content-Location': '/x' }, body: '{}' },
  accepted: { status: 202, fields: { 'Content-Location': 'https://elsewhere.example/_operations/export/1', 'X-Progress': '10%' } },
  none: { status: 204, fields: { ETag: 'W/"8"' } },
  part: { status: 206, fields: { 'Content-Range': 'bytes 0-6/100', 'Accept-Ranges': 'bytes' }, body: '0123456' },
  moved: { status: 301, fields: { Location: 'https://elsewhere.example/' } },
  same: { status: 304, fields: { ETag: 'W/"9"' } },
  temporary: { status: 307, fields: { Location: '/Patient/2' } },
  wrong: { status: 400, fields: { 'Content-Type': 'text/plain' }, body: 'Access tokens must not be passed in the URL query string.' },
  refused: { status: 403, fields: { 'Content-Type': 'text/plain' }, body: 'Authorization failed.' },
  missing: { status: 404, body: '{"resourceType":"OperationOutcome"}' },
  conflict: { status: 409 },
  gone: { status: 410 },
  stale: { status: 412, fields: { ETag: 'W/"2"' }, body: '{}' },
  unlike: { status: 415 },
  busy: { status: 429, fields: { 'Retry-After': '1', 'x-ms-retry-after-ms': '250' }, body: '{}' },
  later: { status: 503, fields: { 'Retry-After': 'Fri, 31 Dec 2038 23:59:59 GMT' }, body: 'service is unavailable or busy' },
  broken: { status: 500, body: '{}' },
  gzip: { status: 200, fields: { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' }, body: gzipSync(large) },
  multipart: { status: 200, fields: { 'Content-Type': 'multipart/related; type="application/dicom"; boundary=a' }, body: multipart },
  repeated: { status: 200, fields: { Warning: ['299 a "one"', '299 b "two"'], Link: ['</a>; rel="next"', '</b>; rel="prev"'] }, body: 'x' },
  latin: { status: 200, fields: { 'X-Name': 'Ren\xe9' }, body: 'x' },
  sandboxed: {
    status: 200,
    fields: {
      ...{
        'Set-Cookie': ['a=b', 'c=d'],
        'Access-Control-Allow-Origin': '*',
        'Strict-Transport-Security': 'max-age=1',
        'Alt-Svc': 'h3=":1"',
      },
      ...{ 'Clear-Site-Data': '"*"', 'Cache-Control': 'public', Expires: '0', 'Content-Security-Policy': "default-src 'self'" },
      ...{
        'X-Content-Type-Options': 'nosniff',
        'Proxy-Authenticate': 'Basic',
        Connection: 'X-Hop, keep-alive',
        'X-Hop': '1',
        'Server-Timing': 'db;dur=5',
      },
    },
    body: 'x',
  },
}

const listener: RequestListener = (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const name = request.url?.split('?')[0]?.split('/').at(-1) ?? ''
    if (name === 'echo') return response.end(Buffer.concat([Buffer.from(`${request.method} ${request.url} `), ...chunks]))
    if (name === 'trailers') {
      response.writeHead(200, { Trailer: 'X-Sum' }).write('body')
      response.addTrailers({ 'X-Sum': '1' })
      return response.end()
    }
    const { status, fields = {}, body = '', stream = false } = answers[name] ?? { status: 500 }
    const bodiless = status === 204 || status === 304
    response.writeHead(status, { ...fields, ...(!stream && !bodiless && { 'Content-Length': Buffer.byteLength(body) }) })
    response.end(bodiless ? undefined : body)
  })
}

async function startPeer(t: Test, target: string): Promise<string> {
  const agent = new Agent({ keepAlive: true })
  const proxy = httpProxy.createProxyServer({ target, agent, changeOrigin: true, headers: { authorization: 'Bearer our.own-token' } })
  const server = createServer((request, response) => {
    request.url = request.url?.replace(/^\/fhir/, '') ?? ''
    proxy.web(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close().closeAllConnections()
    agent.destroy()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`
}

type Sent = { method: string; path: string; body?: Buffer | string; chunked?: boolean; fields?: Record<string, string> }

async function send(url: string, { method, path, body, chunked, fields = {} }: Sent): Promise<Answer> {
  const length = body === undefined || chunked ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
  const request = httpRequest(`${url}${path}`, { method, headers: { ...length, ...fields } })
  if (chunked && body) for (let at = 0; at < body.length; at += 50_000) request.write(body.slice(at, at + 50_000))
  request.end(chunked ? undefined : body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const raw = response.rawHeaders
  const lists = new Map<string, string>()
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase()
    lists.set(name, [lists.get(name), raw[at + 1]].filter(part => part !== undefined).join(' | '))
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks), fields: lists, trailers: response.trailers }
}

const traffic: Sent[] = [
  ...Object.keys(answers).flatMap(name => [
    { method: 'GET', path: `/${name}` },
    { method: 'HEAD', path: `/${name}` },
  ]),
  { method: 'GET', path: '/trailers' },
  { method: 'GET', path: '/echo?ct=a%2fb+=%C3%A9&name:exact=x' },
  { method: 'POST', path: '/echo', body: '{"a":1}' },
  { method: 'POST', path: '/echo', body: '' },
  { method: 'PUT', path: '/echo', body: large },
  { method: 'PATCH', path: '/echo', body: large, chunked: true },
  { method: 'POST', path: '/echo', body: multipart, fields: { 'Content-Type': 'multipart/related; boundary=a' } },
  { method: 'DELETE', path: '/echo' },
  { method: 'DELETE', path: '/echo', body: 'with a body' },
  { method: 'OPTIONS', path: '/echo' },
  { method: 'GET', path: '/part', fields: { Range: 'bytes=0-6', 'If-Range': 'W/"1"' } },
]

t.test('statuses and bytes are the same; fields differ where the table says, and every line of the table is met', async t => {
  const origin = await startOrigin(t, listener)
  const { url: ours } = await startProxied(t, origin)
  const theirs = await startPeer(t, origin)
  const met = new Set<string>()
  for (const sent of traffic) {
    const [our, their] = [await send(ours, sent), await send(theirs, sent)]
    const name = `${sent.method} ${sent.path}`
    t.equal(our.status, their.status, name)
    t.ok(our.body.equals(their.body), `${name}: ${our.body.length} bytes`)
    t.strictSame(our.trailers, their.trailers, 'neither passes trailers on')
    for (const field of new Set([...our.fields.keys(), ...their.fields.keys()])) {
      if (field === 'date' || our.fields.get(field) === their.fields.get(field)) continue
      met.add(field)
      if (!(field in differences)) t.fail(`${name}: ${field} is ${our.fields.get(field)}, and ${their.fields.get(field)} by http-proxy`)
    }
  }
  t.strictSame([...met].sort(), Object.keys(differences).sort())
})
