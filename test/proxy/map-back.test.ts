// Requests over real sockets: what the service gets of addresses of ours, and what is refused before it is stored.
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type Dispatcher, request } from 'undici'
import type { Broker } from '../../src/broker/broker.ts'
import { readableOffer } from '../../src/proxy/content-decoder.ts'
import { createLinks } from '../../src/proxy/links.ts'
import { createMapBack } from '../../src/proxy/map-back.ts'
import type { ProxyParts } from '../../src/proxy/parts.ts'
import type { RequestStep } from '../../src/proxy/steps.ts'
import { Bearer } from '../../src/terms/bearer.ts'
import type { Route } from '../../src/terms/route.ts'
import { fhirOrigin } from '../fixtures/link-tables.ts'
import { startOrigin, startProxied } from '../fixtures/proxied.ts'

type Seen = { url: string; headers: IncomingMessage['headers']; body: string; whole: boolean }

const json = 'application/fhir+json'
const service: Route = {
  prefix: '/fhir',
  origin: fhirOrigin,
  basePath: '',
  kind: 'fhir',
  audience: 'https://x',
  scopes: [],
  profile: 'dev',
}

/** The proxy, as if the service of Azure stood behind it; what reaches the origin is kept, also of requests that broke off. */
async function startService(t: Test, more: Partial<ProxyParts> = {}, status = () => 200) {
  const seen: Seen[] = []
  let arrived: () => void = () => undefined
  const origin = await startOrigin(t, (request, response) => {
    let body = ''
    const { url = '', headers } = request
    request.setEncoding('utf8').on('data', text => {
      body += text
    })
    request.on('error', () => undefined)
    request.on('close', () => {
      seen.push({ url, headers, body, whole: request.complete })
      arrived()
    })
    request.on('end', () => response.writeHead(status()).end('stored'))
  })
  const own = { port: 0 }
  const findLinks = createLinks({ routes: [service], ownPort: () => own.port, extraHosts: new Set() })
  const tallies: { otherLoopbackUrls: number }[] = []
  const note: RequestStep = (_outgoing, { tally }) => void tallies.push(tally)
  const parts: Partial<ProxyParts> = { requestSteps: [createMapBack((_route, host) => findLinks(service, host)), note], ...more }
  const { port, route } = await startProxied(t, origin, parts)
  own.port = port
  const url = `http://127.0.0.1:${port}/fhir`
  const send = async (
    body: string | Buffer,
    more: { path?: string; headers?: Record<string, string | string[]>; method?: Dispatcher.HttpMethod } = {},
  ) => {
    const { path = '/Patient', headers = {}, method = 'POST' } = more
    const answer = await request(url + path, {
      method,
      body: method === 'GET' ? null : body,
      headers: { 'content-type': json, ...headers },
    })
    return { status: answer.statusCode, code: answer.headers['hallpass-error'], text: await answer.body.text(), at: seen.at(-1) }
  }
  const broken = () =>
    new Promise<Seen | undefined>(resolve => {
      arrived = () => resolve(seen.at(-1))
      if (seen.length > 0) arrived()
    })
  return { url, port, ours: `http://localhost:${port}`, seen, send, broken, tallies, route }
}

const patient = (base: string) => JSON.stringify({ resourceType: 'Patient', managingOrganization: { reference: `${base}/Organization/1` } })

t.test('Resource body with `http://localhost:PORT/fhir/Patient/1` is rewritten or refused.', async t => {
  const { ours, send, seen, port } = await startService(t)
  for (const address of [ours, `http://127.0.0.1:${port}`, `http://[::1]:${port}`, `HTTP://LocalHost:${port}`]) {
    const { status, at } = await send(patient(`${address}/fhir`))
    t.equal(status, 200)
    t.equal(at?.body, patient(fhirOrigin), address)
    t.equal(at?.headers['content-length'], String(patient(fhirOrigin).length), 'a small body keeps a length')
  }
  const before = seen.length
  const refused = await send(
    JSON.stringify({ entry: [{ fullUrl: 'urn:x' }, { resource: { subject: { reference: `${ours}/elsewhere/Patient/1` } } }] }),
  )
  t.equal(refused.status, 422)
  t.equal(refused.code, 'link-unmapped')
  t.match(refused.text, '/entry/1/resource/subject/reference')
  t.notMatch(refused.text, 'elsewhere')
  t.equal(seen.length, before, 'the service never heard of it')
})

t.test('a long body is mapped as it passes, and aborted before its end when it must not be stored', async t => {
  const { ours, send } = await startService(t)
  const long = (base: string) => JSON.stringify(Array.from({ length: 3_000 }, () => patient(base)))
  const { at } = await send(long(`${ours}/fhir`))
  t.ok(at?.body === long(fhirOrigin))
  t.equal(at?.headers['content-length'], undefined)
  t.equal(at?.whole, true)
  const other = await startService(t)
  const upload = httpRequest(`${other.url}/Patient`, { method: 'POST', headers: { 'content-type': json } })
  upload.write(long(`${other.ours}/fhir`))
  upload.end(`"${other.ours}/elsewhere"]`)
  const [answer] = (await once(upload, 'response')) as [IncomingMessage]
  t.equal(answer.statusCode, 422)
  const text = (await answer.setEncoding('utf8').toArray()).join('')
  t.match(text, `at byte ${long(`${other.ours}/fhir`).length + 2} of the body`)
  t.equal((await other.broken())?.whole, false, 'the origin knows that it has not got all')
})

t.test('a small body that never comes whole never reaches the service', async t => {
  const { url, seen, send } = await startService(t)
  const upload = httpRequest(`${url}/Patient`, { method: 'POST', headers: { 'content-type': json, 'content-length': 1000 } })
  upload.on('error', () => undefined).write('{"resourceType":')
  const [socket] = (await once(upload, 'socket')) as [Socket]
  if (socket.connecting) await once(socket, 'connect')
  upload.destroy()
  await new Promise(closed => socket.once('close', closed))
  t.equal((await send('{}')).status, 200)
  t.equal(seen.length, 1)
})

t.test('what a client holds back until 100 Continue is mapped too', async t => {
  const { ours, url, seen } = await startService(t)
  const body = patient(`${ours}/fhir`)
  const upload = httpRequest(`${url}/Patient`, {
    method: 'POST',
    headers: { 'content-type': json, expect: '100-continue', 'content-length': body.length },
  })
  upload.flushHeaders()
  await once(upload, 'continue')
  upload.end(body)
  const [answer] = (await once(upload, 'response')) as [IncomingMessage]
  t.equal(answer.statusCode, 200)
  t.equal(seen.at(-1)?.body, patient(fhirOrigin))
  answer.resume()
})

t.test('a request that is sent once more after a 401 is mapped once more', async t => {
  const tokens = ['first.token', 'second.token'].map(text => new Bearer(text, 'https://x', Date.now() + 3_600_000))
  const broker = {
    tokens: { peek: () => tokens[0], reject: () => true, acquire: async () => tokens[1] },
    authorizationOrigin: () => '',
    onSignedOut: () => undefined,
  } as unknown as Broker
  const statuses = [401, 200]
  const { ours, seen, send } = await startService(t, { broker }, () => statuses.shift() ?? 500)
  t.equal((await send(patient(`${ours}/fhir`), { path: `/Patient?a=${ours}/fhir/x` })).status, 200)
  t.same(
    seen.map(({ url, headers, body }) => [url, headers.authorization, headers['content-length'], body]),
    ['first.token', 'second.token'].map(token => [
      ...[`/Patient?a=${fhirOrigin}/x`, `Bearer ${token}`, String(patient(fhirOrigin).length), patient(fhirOrigin)],
    ]),
  )
})

t.test('queries, forms and fields are mapped, byte for byte but for our addresses', async t => {
  const { ours, send } = await startService(t)
  const encoded = (base: string) => encodeURIComponent(`${base}/Patient/1`)
  const path = (base: string) =>
    `/Observation?subject=${base}/Patient/1&ct=H4sI%2BA%3D%3d&a=%20+&subject=${encoded(base)}&_x=http%3a%2f%2floinc.org`
  const { at } = await send('', { path: path(`${ours}/fhir`), method: 'GET' })
  t.equal(at?.url, path(fhirOrigin))
  const form = await send(`subject=${encoded(`${ours}/fhir`)}&url=${encodeURIComponent(`${ours}/nowhere`)}`, {
    path: '/Observation/_search',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  t.equal(form.at?.body, `subject=${encoded(fhirOrigin)}&url=${encodeURIComponent(`${ours}/nowhere`)}`, 'a search stores nothing')
  const fields = await send('{}', {
    headers: {
      'content-location': `${ours}/fhir/x`,
      'if-none-exist': `subject=${encoded(`${ours}/fhir`)}`,
      'x-provenance': `{"target":[{"reference":"${ours}/fhir/x"}]}`,
      'x-ms-azurefhir-audit-note': `${ours}/fhir/x`,
    },
  })
  t.match(fields.at?.headers, {
    'content-location': `${fhirOrigin}/x`,
    'if-none-exist': `subject=${encoded(fhirOrigin)}`,
    'x-provenance': `{"target":[{"reference":"${fhirOrigin}/x"}]}`,
    'x-ms-azurefhir-audit-note': `${ours}/fhir/x`,
  })
  const refused = await send('{}', { headers: { 'x-provenance': `{"a":"${ours}/-/x"}` } })
  t.equal(refused.status, 422)
  t.match(refused.text, 'in the field x-provenance')
})

t.test('a batch may carry our addresses in the queries of its entries', async t => {
  const { ours, send } = await startService(t)
  const batch = (base: string) =>
    JSON.stringify({ entry: [{ request: { method: 'GET', url: `Observation?subject=${encodeURIComponent(`${base}/Patient/1`)}` } }] })
  t.equal((await send(batch(`${ours}/fhir`), { path: '/' })).at?.body, batch(fhirOrigin))
})

t.test('other ports of this machine are legal content, and counted', async t => {
  const { send, tallies } = await startService(t)
  const body = '{"a":"http://localhost:3000/x","b":["http://127.0.0.1/y"]}'
  const { at } = await send(body, { path: '/Patient?u=http://localhost:9/' })
  t.equal(at?.body, body)
  t.equal(tallies.at(-1)?.otherLoopbackUrls, 3)
})

t.test('multipart, Binary, encoded bodies and routes that say so pass as they are', async t => {
  const { ours, send, route } = await startService(t)
  const body = patient(`${ours}/nowhere`)
  for (const [path, type] of [
    ['/studies', 'multipart/related; type="application/dicom"; boundary=x'],
    ['/Binary', json],
    ['/Binary/1', json],
    ['/Patient', 'text/plain'],
    ['/Patient', 'application/octet-stream'],
  ] as const) {
    const { at, status } = await send(body, { path, headers: { 'content-type': type, 'content-md5': 'x' } })
    t.equal(status, 200, `${path} ${type}`)
    t.match(at, { url: path, body, headers: { 'content-md5': 'x', 'content-length': String(body.length) } })
  }
  const coded = gzipSync(gzipSync(body))
  for (const coding of ['gzip, gzip', ['gzip', 'gzip']]) {
    const { at, status } = await send(coded, { headers: { 'content-encoding': coding } })
    t.equal(status, 200)
    t.match(at?.headers, { 'content-encoding': 'gzip, gzip', 'content-length': String(coded.length) })
  }
  Object.assign(route, { localise: false })
  t.equal((await send(body, { path: `/Patient?a=${ours}/fhir` })).at?.body, body)
})

t.test('a digest of the old bytes does not go with the new', async t => {
  const { ours, send } = await startService(t)
  const digests = { 'content-md5': 'x', digest: 'x', 'content-digest': 'x', 'repr-digest': 'x' }
  const { at } = await send(patient(`${ours}/fhir`), { headers: { ...digests, 'if-match': 'W/"1"' } })
  t.equal(at?.headers['if-match'], 'W/"1"')
  for (const name of Object.keys(digests)) t.notOk(name in (at?.headers ?? {}), name)
})

t.test('the service may use the compressions that can be taken off', async t => {
  const { send } = await startService(t)
  for (const [offered, passed] of [
    ['gzip, deflate, br', 'gzip, deflate, br'],
    ['gzip, deflate, br, zstd', 'gzip, deflate, br'],
    ['zstd', 'identity'],
    ['*', 'gzip, br'],
    ['gzip;q=1.0, *;q=0.5', 'gzip;q=1.0, gzip;q=0.5, br;q=0.5'],
    ['identity, *;q=0', 'identity, *;q=0'],
    ['', 'identity'],
  ] as const)
    t.equal((await send('', { method: 'GET', headers: { 'accept-encoding': offered } })).at?.headers['accept-encoding'], passed, offered)
})

t.test('an offer of nothing but blanks costs no more than another of its length', async t => {
  const offer = `gzip${' '.repeat(15_500)}x`
  for (let round = 0; round < 1_000; round++) if (readableOffer(offer) !== 'identity') t.fail(`round ${round}`)
  t.equal(readableOffer(`gzip \t ; \t q=1${' '.repeat(15_500)}, *${' '.repeat(15_500)};q=0.5`), 'gzip \t ; \t q=1, gzip;q=0.5, br;q=0.5')
})

t.test('one layer of compression is taken off, so that nothing hides in it', async t => {
  const { ours, send, seen } = await startService(t)
  const headers = { 'content-encoding': 'gzip' }
  const { at } = await send(gzipSync(patient(`${ours}/fhir`)), { headers })
  t.equal(at?.body, patient(fhirOrigin))
  t.notOk('content-encoding' in (at?.headers ?? {}))
  t.match(await send(gzipSync(patient(`${ours}/x`)), { headers }), { status: 422, code: 'link-unmapped' })
  t.match(await send(patient(`${ours}/fhir`), { headers }), { status: 400, code: 'body-undecodable' })
  t.match(await send(gzipSync(Buffer.alloc(8 * 1024 * 1024, ' ')), { headers }), { status: 400, code: 'body-undecodable' })
  t.equal(seen.filter(({ whole }) => whole).length, 1, 'the service got one of them')
})

t.test('identity by any spelling is no coding', async t => {
  const { ours, send } = await startService(t)
  for (const coding of ['identity', 'Identity', 'IDENTITY, identity', 'identity ,']) {
    const { at } = await send(patient(`${ours}/fhir`), { headers: { 'content-encoding': coding } })
    t.equal(at?.body, patient(fhirOrigin), coding)
  }
  for (const coding of ['GZIP', 'identity, gzip', 'gzip, Identity'])
    t.equal(
      (await send(gzipSync(patient(`${ours}/fhir`)), { headers: { 'content-encoding': coding } })).at?.body,
      patient(fhirOrigin),
      coding,
    )
})

t.test('a body in which an address would not be found is refused: UTF-16, by its charset or by its bytes', async t => {
  const { ours, send, seen } = await startService(t)
  const utf16 = Buffer.from(patient(`${ours}/fhir`), 'utf16le')
  const refused = { status: 415, code: 'charset-refused' }
  for (const type of [
    `${json}; charset=utf-16`,
    `${json};CHARSET="UTF-16LE"`,
    'application/xml; a=b; charset=utf-32',
    `${json}; charset=utf-8; charset=utf-7`,
  ])
    t.match(await send(utf16, { headers: { 'content-type': type } }), refused, type)
  t.match(await send(utf16), refused, 'without a word')
  t.match(await send(Buffer.concat([Buffer.of(0xff, 0xfe), utf16])), refused, 'by its mark')
  t.match(await send(Buffer.from(utf16).swap16()), refused, 'the other way round')
  t.match(await send(gzipSync(utf16), { headers: { 'content-encoding': 'gzip' } }), refused, 'compressed')
  t.equal(seen.filter(({ whole }) => whole).length, 0, 'the service got none of them')
  for (const type of [`${json}; charset=utf-8`, `${json};charset="UTF8"`, `${json}; charset=iso-8859-1`, `${json}; fhirVersion=4.0`])
    t.equal((await send(patient(`${ours}/fhir`), { headers: { 'content-type': type } })).at?.body, patient(fhirOrigin), type)
  const marked = Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), Buffer.from(patient(`${ours}/fhir`))])
  t.match((await send(marked)).at?.body, fhirOrigin, 'UTF-8 with its mark')
  t.equal(
    (await send(utf16, { headers: { 'content-type': 'application/octet-stream' } })).at?.body.length,
    utf16.toString().length,
    'other bytes pass',
  )
})
