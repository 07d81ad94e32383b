// Answers over real sockets: which fields and bodies are localised, what is said of their bytes, and what a compressed one may become.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { createLinks } from '../../src/proxy/links.ts'
import { createLocalise } from '../../src/proxy/localise.ts'
import type { Route } from '../../src/terms/route.ts'
import { fhirOrigin, findLinks } from '../fixtures/link-tables.ts'
import { startOrigin, startProxied } from '../fixtures/proxied.ts'

type Answer = { status?: number; fields?: OutgoingHttpHeaders; body?: Buffer | string; pieces?: (Buffer | string)[] }

/** A client in front of the proxy in front of an origin that gives this answer, and speaks of itself as a service of Azure. */
async function startService(t: Test, answer: Answer, more: Partial<Route> = {}) {
  const { status = 200, fields = {}, body = '', pieces } = answer
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(status, pieces ? fields : { 'Content-Length': Buffer.byteLength(body), ...fields })
    for (const piece of pieces ?? []) response.write(piece)
    response.end(pieces ? undefined : body)
  })
  const service: Route = {
    prefix: '/fhir',
    origin: fhirOrigin,
    basePath: '',
    kind: 'fhir',
    audience: 'https://x',
    scopes: [],
    profile: 'dev',
  }
  const findLinks = createLinks({ routes: [service], ownPort: () => 1, extraHosts: new Set() })
  const localise = createLocalise((_route, host) => findLinks(service, host))
  const { port, route } = await startProxied(t, origin, { answerSteps: [localise] })
  Object.assign(route, more)
  return {
    ours: `http://127.0.0.1:${port}/fhir`,
    ask: (path = '/Patient', method: 'GET' | 'HEAD' = 'GET') => request(`http://127.0.0.1:${port}/fhir${path}`, { method }),
  }
}

const json = 'application/fhir+json; charset=utf-8'
const bundle = (base: string, links = 3) =>
  JSON.stringify({ link: Array.from({ length: links }, (_, page) => ({ relation: 'next', url: `${base}/Patient?ct=${page}%2B` })) })

t.test('fields that lead to the service lead to us', async t => {
  const { ask, ours } = await startService(t, {
    status: 201,
    fields: {
      Location: `${fhirOrigin}/Patient/1/_history/1`,
      'content-location': `${fhirOrigin.toUpperCase().replace('HTTPS', 'https')}/_operations/export/1?a=${encodeURIComponent(fhirOrigin)}`,
      Link: [`<${fhirOrigin}/a>; rel="next", <https://elsewhere.example/>; rel="x"`, `<${fhirOrigin}>; rel="self"`],
      'WWW-Authenticate': `Bearer realm="${fhirOrigin}"`,
      'X-Own': `${fhirOrigin}/x`,
    },
  })
  const { headers } = await ask()
  t.equal(headers.location, `${ours}/Patient/1/_history/1`)
  t.equal(headers['content-location'], `${ours}/_operations/export/1?a=${encodeURIComponent(fhirOrigin)}`)
  t.same(headers.link, [`<${ours}/a>; rel="next", <https://elsewhere.example/>; rel="x"`, `<${ours}>; rel="self"`])
  t.equal(headers['www-authenticate'], `Bearer realm="${fhirOrigin}"`, 'that is the audience, not a link')
  t.equal(headers['x-own'], `${fhirOrigin}/x`)
})

t.test('a path from the service’s root becomes one below the route', async t => {
  for (const [basePath, location, wanted] of [
    ['', '/Patient/1', '/fhir/Patient/1'],
    ['/v2', '/v2/studies/1?x=/v2', '/fhir/studies/1?x=/v2'],
    ['/v2', '/v2', '/fhir'],
    ['/v2', '/v20/studies', '/v20/studies'],
    ['/v2', '/login', '/login'],
    ['', '//elsewhere.example/x', '//elsewhere.example/x'],
    ['', 'Patient/1', 'Patient/1'],
  ] as const) {
    const { ask } = await startService(t, { status: 201, fields: { Location: location } }, { basePath })
    t.equal((await ask()).headers.location, wanted, `${location} below ${basePath}`)
  }
})

t.test('JSON and XML of every name are localised', async t => {
  for (const type of [
    ...['application/json', json, 'application/dicom+json', 'application/problem+json', 'text/json', 'APPLICATION/JSON ;a=b'],
    ...['application/fhir+xml', 'application/dicom+xml', 'application/xml', 'text/xml; charset=utf-8', 'application/fhir+ndjson'],
  ]) {
    const { ask, ours } = await startService(t, { fields: { 'Content-Type': type }, body: bundle(fhirOrigin) })
    const { headers, body } = await ask()
    t.equal(await body.text(), bundle(ours), type)
    t.equal(headers['content-length'], String(bundle(ours).length), 'a small body keeps a length')
  }
})

t.test('everything else passes as it is', async t => {
  const fields = { 'Content-MD5': 'x', 'Accept-Ranges': 'bytes', ETag: '"1"' }
  for (const type of [
    ...['multipart/related; type="application/dicom+json"; boundary=x', 'application/dicom', 'application/octet-stream', 'text/html'],
    ...['text/plain', 'application/jsonp', 'application/json-patch', 'image/svg+xmlx', ''],
  ]) {
    const { ask } = await startService(t, { fields: { ...fields, ...(type && { 'Content-Type': type }) }, body: bundle(fhirOrigin) })
    const { headers, body } = await ask()
    t.equal(await body.text(), bundle(fhirOrigin), type)
    t.match(headers, { 'content-md5': 'x', 'accept-ranges': 'bytes', etag: '"1"', 'content-length': String(bundle(fhirOrigin).length) })
  }
})

t.test('a range, a FHIR Binary and a route that says so pass as they are', async t => {
  const fields = { 'Content-Type': json, 'Content-Range': 'bytes 0-1/9', Digest: 'x' }
  const range = await startService(t, { status: 206, fields, body: bundle(fhirOrigin) })
  const partial = await range.ask()
  t.equal(await partial.body.text(), bundle(fhirOrigin))
  t.match(partial.headers, { digest: 'x', 'content-range': 'bytes 0-1/9' })
  const service = await startService(t, { fields: { 'Content-Type': json }, body: bundle(fhirOrigin) })
  for (const [path, changed] of [
    ['/Binary/1', false],
    ['/Binary/1/_history/2', false],
    ['/Binary?_count=1', true],
    ['/Binary/_search', true],
    ['/BinaryX/1', true],
    ['/Patient/Binary', true],
  ] as const)
    t.equal(await (await service.ask(path)).body.text(), bundle(changed ? service.ours : fhirOrigin), path)
  const off = await startService(
    t,
    { fields: { 'Content-Type': json, Location: fhirOrigin }, body: bundle(fhirOrigin) },
    { localise: false },
  )
  const asItIs = await off.ask()
  t.equal(asItIs.headers.location, fhirOrigin)
  t.equal(await asItIs.body.text(), bundle(fhirOrigin))
})

t.test('what is said of the bytes goes, what tells representations apart stays', async t => {
  const fields = {
    ...{ 'Content-Type': json, 'Content-MD5': 'x', Digest: 'x', 'Content-Digest': 'x', 'Repr-Digest': 'x', 'Accept-Ranges': 'bytes' },
    ...{
      ETag: 'W/"2"',
      'Last-Modified': 'Mon, 02 Nov 2026 10:00:00 GMT',
      Vary: 'Accept-Encoding, Prefer',
      'Content-Location': `${fhirOrigin}/x`,
    },
  }
  for (const [method, status] of [
    ['GET', 200],
    ['HEAD', 200],
    ['GET', 304],
  ] as const) {
    const { ask, ours } = await startService(t, {
      status,
      fields: { ...fields, 'Content-Encoding': 'gzip' },
      body: method === 'GET' && status === 200 ? gzipSync(bundle(fhirOrigin)) : '',
    })
    const { statusCode, headers, body } = await ask('/Patient', method)
    t.equal(statusCode, status)
    for (const name of ['content-md5', 'digest', 'content-digest', 'repr-digest', 'accept-ranges', 'content-encoding', 'content-length'])
      t.notOk(name in headers, `${method} ${status} ${name}`)
    t.match(headers, {
      etag: 'W/"2"',
      'last-modified': fields['Last-Modified'],
      vary: 'Accept-Encoding, Prefer',
      'content-location': `${ours}/x`,
    })
    t.equal(await body.text(), method === 'GET' && status === 200 ? bundle(ours) : '')
  }
})

t.test('bodies with and without a length, empty and long, in any pieces', async t => {
  const fields = { 'Content-Type': json }
  const chunked = await startService(t, { fields, pieces: [...bundle(fhirOrigin)] })
  t.equal(await (await chunked.ask()).body.text(), bundle(chunked.ours))
  const nothing = await startService(t, { fields, pieces: [] })
  t.equal(await (await nothing.ask()).body.text(), '')
  const empty = await startService(t, { fields })
  const answer = await empty.ask()
  t.equal(await answer.body.text(), '')
  t.equal(answer.headers['content-length'], '0')
  const long = await startService(t, { fields, body: bundle(fhirOrigin, 30_000) })
  const { headers, body } = await long.ask()
  t.notOk('content-length' in headers)
  t.ok((await body.text()) === bundle(long.ours, 30_000), 'two megabytes')
})

t.test('one layer of compression is taken off', async t => {
  for (const [coding, compress] of [
    ['gzip', gzipSync],
    ['X-GZip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
  ] as const) {
    for (const links of [3, 3_000]) {
      const body = compress(bundle(fhirOrigin, links))
      const fields = { 'Content-Type': json, 'Content-Encoding': coding, Vary: 'Accept-Encoding' }
      const pieces = links === 3 ? [...body].map(byte => Buffer.of(byte)) : [body]
      const { ask, ours } = await startService(t, { fields, pieces })
      const answer = await ask()
      t.notOk('content-encoding' in answer.headers, coding)
      t.ok((await answer.body.text()) === bundle(ours, links), `${coding}, ${links} links`)
    }
  }
})

t.test('several layers, unknown ones and the identity are not touched', async t => {
  const body = gzipSync(bundle(fhirOrigin))
  for (const coding of ['gzip, gzip', 'zstd', 'constructor', ['gzip', 'gzip']]) {
    const { ask } = await startService(t, { fields: { 'Content-Type': json, 'Content-Encoding': coding, 'Content-MD5': 'x' }, body })
    const answer = await ask()
    t.same(Buffer.from(await answer.body.arrayBuffer()), body)
    t.match(answer.headers, { 'content-encoding': coding, 'content-md5': 'x' })
  }
  const { ask, ours } = await startService(t, {
    fields: { 'Content-Type': json, 'Content-Encoding': 'identity' },
    body: bundle(fhirOrigin),
  })
  t.equal(await (await ask()).body.text(), bundle(ours))
})

t.test('a compressed body that is none, or ends early, is a broken answer', async t => {
  const fields = { 'Content-Type': json, 'Content-Encoding': 'gzip' }
  for (const body of ['{}', gzipSync(bundle(fhirOrigin)).subarray(0, 40)]) {
    const { ask } = await startService(t, { fields, body })
    const { statusCode, headers } = await ask()
    t.equal(statusCode, 502)
    t.equal(headers['hallpass-error'], 'origin-broken')
  }
  const { ask } = await startService(t, { fields, body: gzipSync(bundle(fhirOrigin, 50_000), { level: 1 }).subarray(0, -100) })
  await t.rejects((await ask()).body.text(), 'later, the connection is cut')
})

t.test('a body that becomes more than a hundred times as long is cut off', async t => {
  const fields = { 'Content-Type': json, 'Content-Encoding': 'gzip' }
  const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024, ' '))
  const { ask } = await startService(t, { fields, body: bomb })
  const { statusCode, headers, body } = await ask()
  let read = 0
  const reading = async () => {
    for await (const chunk of body) read += chunk.length
  }
  if (statusCode === 200) await t.rejects(reading(), 'cut')
  else t.equal(headers['hallpass-error'], 'answer-inflates')
  t.ok(read < 16 * 1024 * 1024, `${read} bytes came`)
  const well = await startService(t, { fields, body: gzipSync(Buffer.alloc(1024 * 1024, ' ')) })
  t.equal((await (await well.ask()).body.text()).length, 1024 * 1024, 'the first megabyte is free')
})

t.test('a client that reads nothing stops the origin, compressed or not', async t => {
  const line = `${JSON.stringify({ url: `${fhirOrigin}/Patient/1`, text: randomBytes(30_000).toString('base64') })}\n`
  for (const coding of ['identity', 'gzip']) {
    let sent = 0
    const member = coding === 'gzip' ? gzipSync(line, { level: 1 }) : Buffer.from(line)
    const block = Buffer.concat([member, member])
    const origin = await startOrigin(t, (request, response) => {
      if (request.url === '/small') return void response.end('small')
      response.writeHead(200, { 'Content-Type': json, 'Content-Encoding': coding })
      const write = () => {
        while (sent < 256 * 1024 * 1024 && response.write(block)) sent += block.length
        response.once('drain', write)
      }
      write()
    })
    const localise = createLocalise(findLinks)
    const { url } = await startProxied(t, origin, { answerSteps: [localise] })
    const download = httpRequest(`${url}/large`).end()
    const [answer] = (await once(download, 'response')) as [IncomingMessage]
    await once(answer, 'readable')
    // While 100 others are served, what nobody stops would have sent it all.
    for (let round = 0; round < 100; round++) t.equal(await (await fetch(`${url}/small`)).text(), 'small')
    t.ok(sent < 32 * 1024 * 1024, `${coding}: ${Math.round(sent / 1024)} KB left the origin`)
    download.destroy()
  }
})
