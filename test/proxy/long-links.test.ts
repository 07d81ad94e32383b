// Bodies far larger than memory should hold are localised and mapped back as they pass: byte for byte, in constant memory.
import { createHash } from 'node:crypto'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import t from 'tap'
import { createLinks } from '../../src/proxy/links.ts'
import { createLocalise } from '../../src/proxy/localise.ts'
import { createMapBack } from '../../src/proxy/map-back.ts'
import type { Route } from '../../src/terms/route.ts'
import { fhirOrigin } from '../fixtures/link-tables.ts'
import { startOrigin, startProxied } from '../fixtures/proxied.ts'

t.setTimeout(600_000)

const size = (process.env.HALLPASS_TEST_FULL ? 512 : 24) * 1024 * 1024
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

/** One resource of a long list, with a URL below the base; its length is prime to every size of a piece. */
const itemOf = (base: string) => Buffer.from(`${JSON.stringify({ fullUrl: `${base}/Observation/1`, text: 'x'.repeat(4_001) })},\n`)
const count = Math.floor(size / itemOf(fhirOrigin).length)

function* items(base: string): Generator<Buffer> {
  const item = itemOf(base)
  for (let sent = 0; sent < count; sent++) yield item
}

function digestOf(base: string): string {
  const digest = createHash('sha256')
  for (const item of items(base)) digest.update(item)
  return digest.digest('hex')
}

async function digested(stream: Readable): Promise<{ sha256: string; growth: number }> {
  const digest = createHash('sha256')
  const before = process.memoryUsage().rss
  let most = before
  let pieces = 0
  for await (const chunk of stream) {
    digest.update(chunk as Buffer)
    if (++pieces % 64 === 0) most = Math.max(most, process.memoryUsage().rss)
  }
  return { sha256: digest.digest('hex'), growth: Math.round((most - before) / 1024 / 1024) }
}

for (const coding of ['identity', 'gzip'])
  t.test(`${Math.round(size / 1024 / 1024)} MB of JSON come down localised (${coding})`, async t => {
    const origin = await startOrigin(t, (_request, response) => {
      response.writeHead(200, { 'Content-Type': json, 'Content-Encoding': coding })
      const source = Readable.from(items(fhirOrigin), { objectMode: false })
      const sending = coding === 'gzip' ? pipeline(source, createGzip({ level: 0 }), response) : pipeline(source, response)
      sending.catch(error => t.fail(String(error)))
    })
    const findLinks = createLinks({ routes: [service], ownPort: () => 3447, extraHosts: new Set() })
    const { url } = await startProxied(t, origin, { answerSteps: [createLocalise((_route, host) => findLinks(service, host))] })
    const answer = await new Promise<IncomingMessage>(resolve => httpRequest(`${url}/x`, resolve).end())
    const { sha256, growth } = await digested(answer)
    t.equal(sha256, digestOf(url))
    t.ok(growth < 150, `memory grew by ${growth} MB`)
  })

t.test('and go up mapped back', async t => {
  let arriving: Promise<{ sha256: string; growth: number }> | undefined
  const origin = await startOrigin(t, (request, response) => {
    arriving = digested(request)
    arriving.then(() => response.end())
  })
  const own = { port: 0 }
  const findLinks = createLinks({ routes: [service], ownPort: () => own.port, extraHosts: new Set() })
  const { url, port } = await startProxied(t, origin, { requestSteps: [createMapBack((_route, host) => findLinks(service, host))] })
  own.port = port
  const upload = httpRequest(`${url}/x`, { method: 'POST', headers: { 'content-type': json } })
  const answered = new Promise<IncomingMessage>(resolve => upload.once('response', resolve))
  await pipeline(Readable.from(items(url), { objectMode: false }), upload)
  t.equal((await answered).statusCode, 200)
  const { sha256 = '', growth = 0 } = (await arriving) ?? {}
  t.equal(sha256, digestOf(fhirOrigin))
  t.ok(growth < 150, `memory grew by ${growth} MB`)
})
