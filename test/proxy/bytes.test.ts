// What passes, passes byte for byte, whatever its framing; a client that leaves at any byte ends the origin's side; early answers reach the client.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { startOrigin, startProxied } from '../fixtures/proxied.ts'
import { exchangeRaw } from '../fixtures/raw-http.ts'

const size = (process.env.HALLPASS_TEST_FULL ? 2048 : 64) * 1024 * 1024
const blockSize = 64 * 1024

/** A block that differs from every other: its number stands at many places in it. */
function block(number: number): Buffer {
  const bytes = Buffer.alloc(blockSize, 'boundary-like\r\n--a--\r\n\r\n')
  for (let at = 0; at < blockSize; at += 512) bytes.writeUInt32BE(number, at)
  return bytes
}

/** Writes the body of `size` bytes, at the pace of whoever reads, and resolves with its SHA-256. */
async function writeBody(out: ServerResponse | ReturnType<typeof httpRequest>): Promise<string> {
  const digest = createHash('sha256')
  for (let number = 0; number * blockSize < size; number++) {
    const bytes = block(number)
    digest.update(bytes)
    if (!out.write(bytes)) await once(out, 'drain')
  }
  out.end()
  return digest.digest('hex')
}

async function hashOf(stream: AsyncIterable<unknown>): Promise<{ sha256: string; length: number }> {
  const digest = createHash('sha256')
  let length = 0
  for await (const chunk of stream) {
    digest.update(chunk as Buffer)
    length += (chunk as Buffer).length
  }
  return { sha256: digest.digest('hex'), length }
}

t.test(`${size / 1024 / 1024} MB down and up, with a length and chunked: the same SHA-256`, async t => {
  let sent: Promise<string> | undefined
  const origin = await startOrigin(t, (request, response) => {
    if (request.method === 'POST') {
      hashOf(request).then(({ sha256, length }) => response.end(JSON.stringify({ sha256, length })), t.error)
      return
    }
    if (request.url === '/length') response.setHeader('Content-Length', size)
    sent = writeBody(response)
  })
  const { url } = await startProxied(t, origin)
  for (const framing of ['length', 'chunked']) {
    const [down] = (await once(httpRequest(`${url}/${framing}`).end(), 'response')) as [IncomingMessage]
    const { sha256, length } = await hashOf(down)
    t.equal(length, size, framing)
    t.equal(sha256, await sent, `down, ${framing}`)

    const upload = httpRequest(`${url}/studies`, { method: 'POST', headers: framing === 'length' ? { 'Content-Length': size } : {} })
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>
    const expected = await writeBody(upload)
    const [answer] = await answered
    let text = ''
    for await (const chunk of answer) text += chunk
    t.strictSame(JSON.parse(text), { sha256: expected, length: size }, `up, ${framing}`)
  }
})

/** Bodies in the shapes in which they reach a parser, and what must arrive of them. */
const bodies: [string, string, string][] = [
  [
    'multipart that looks like its own end',
    'Content-Length: 25\r\n\r\n--a\r\n\r\n--a--\r\n--a--\r\n\r\n\0\xff',
    '--a\r\n\r\n--a--\r\n--a--\r\n\r\n\0\xff',
  ],
  [
    'one that looks like a request',
    'Content-Length: 32\r\n\r\nGET / HTTP/1.1\r\nHost: evil\r\n\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: evil\r\n\r\n\r\n',
  ],
  ['chunks, one of them a byte', 'Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n3\r\nbcd\r\n0\r\n\r\n', 'abcd'],
  ['chunks with an extension and a trailer', 'Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n', 'ab'],
  ['an empty one, chunked', 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n', ''],
  ['an empty one with a length', 'Content-Length: 0\r\n\r\n', ''],
]

t.test('a request’s body arrives as it is, in whatever framing; its trailers do not', async t => {
  let seen: { body: string; trailers: object; length: string | undefined; coding: string | undefined } | undefined
  const origin = await startOrigin(t, (request, response) => {
    let body = ''
    request.setEncoding('latin1').on('data', part => {
      body += part
    })
    request.on('end', () => {
      const { 'content-length': length, 'transfer-encoding': coding } = request.headers
      seen = { body, trailers: request.trailers, length, coding }
      response.end()
    })
  })
  const { port } = await startProxied(t, origin)
  for (const [name, rest, expected] of bodies) {
    const answered = (bytes: Buffer) => bytes.includes('\r\n\r\n')
    const { bytes } = await exchangeRaw(port, `POST /fhir/x HTTP/1.1\r\nHost: localhost\r\n${rest}`, { enough: answered })
    t.match(bytes.toString('latin1'), /^HTTP\/1\.1 200 /, name)
    t.equal(seen?.body, expected, name)
    t.strictSame(seen?.trailers, {})
    t.ok((seen?.length === undefined) !== (seen?.coding === undefined), `one framing: ${seen?.length} ${seen?.coding}`)
  }
})

t.test('without a body nothing follows: HEAD, 204, 304, an empty 200; and the connection serves the next request', async t => {
  const origin = await startOrigin(t, (request, response) => {
    const status = Number(request.url?.slice(1)) || 200
    if (request.method === 'HEAD') response.setHeader('Content-Length', 1000)
    response.writeHead(status).end()
  })
  const { port } = await startProxied(t, origin)
  const requests = ['HEAD /fhir/200', 'GET /fhir/204', 'GET /fhir/304', 'GET /fhir/200', 'HEAD /fhir/304']
  const heads = requests.map(line => `${line} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join('')
  const { bytes } = await exchangeRaw(port, heads, {
    enough: got => got.toString().split('HTTP/1.1 ').length > requests.length,
    silence: 3_000,
  })
  const statuses = [...bytes.toString().matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
  t.strictSame(statuses, ['200', '204', '304', '200', '304'])
  t.notMatch(
    bytes.toString().replaceAll(/HTTP\/1\.1[\s\S]*?\r\n\r\n/g, ''),
    /[^\r\n0]/,
    'no bytes between the heads but an empty last chunk',
  )
})

t.test('interim answers of the origin end at us, but for a flood of them, which is 502', async t => {
  let count = 3
  const origin = await startOrigin(t, (_request, response) => {
    for (let number = 0; number < count; number++) response.writeEarlyHints({ link: '</evil.js>; rel=preload' })
    response.end('after all')
  })
  const { url } = await startProxied(t, origin)
  const interim: unknown[] = []
  const request = httpRequest(`${url}/x`)
    .on('information', info => interim.push(info))
    .end()
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of answer) text += chunk
  t.equal(text, 'after all')
  t.strictSame(interim, [], 'a hint is the service’s word to a browser')
  count = 2_000
  const flooded = await fetch(`${url}/x`)
  t.equal(flooded.status, 502)
  t.equal(flooded.headers.get('hallpass-error'), 'origin-broken')
})

t.test('an answer in the middle of an upload reaches the client, the rest is thrown away, and the connection lives on', async t => {
  const origin = await startOrigin(t, (request, response) => {
    if (request.url === '/next') response.end('next')
    else request.once('data', () => response.writeHead(413, { 'Content-Length': 17 }).end('too large for me.'))
  })
  const { port } = await startProxied(t, origin)
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let text = ''
  socket.setEncoding('latin1').on('data', part => {
    text += part
  })
  const until = async (wanted: string) => {
    while (!text.includes(wanted)) await once(socket, 'data')
  }
  socket.write('POST /fhir/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\n\r\n')
  socket.write(Buffer.alloc(100_000))
  await until('too large for me.')
  t.match(text, /^HTTP\/1\.1 413 /)
  socket.write(Buffer.alloc(7_900_000))
  socket.write('GET /fhir/next HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until('next')
  t.match(text, /too large for me\.HTTP\/1\.1 200 OK[\s\S]*next/)
})

/** An origin that tells when its side of an exchange ends, and whether it had all. */
async function startWitness(t: Test): Promise<{ port: number; begun: () => Promise<() => Promise<boolean>> }> {
  const waiting: ((ended: () => Promise<boolean>) => void)[] = []
  const origin = await startOrigin(t, (request, response) => {
    const closed = new Promise<boolean>(resolve => response.on('close', () => resolve(request.complete && response.writableFinished)))
    request.on('error', () => undefined).resume()
    waiting.shift()?.(() => closed)
    if (request.method === 'GET') response.writeHead(200, { 'Content-Length': 10_000_000 }).write(Buffer.alloc(1_000_000))
  })
  const { port } = await startProxied(t, origin)
  return { port, begun: () => new Promise(resolve => waiting.push(resolve)) }
}

t.test('a client that leaves at any byte of its body, or of its answer, ends the origin’s side within a second', async t => {
  const { port, begun } = await startWitness(t)
  const within = async (ended: () => Promise<boolean>, name: string) => {
    const started = performance.now()
    t.equal(await ended(), false, name)
    const took = performance.now() - started
    t.ok(took < 1_000, `${name}: ${Math.round(took)} ms`)
  }
  for (const cut of [1, 2, 100, 65_535, 65_536, 65_537, 300_000, 999_999]) {
    const reached = begun()
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    socket.write('POST /fhir/studies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n')
    socket.write(Buffer.alloc(cut))
    const ended = await reached
    if (cut % 2) socket.resetAndDestroy()
    else socket.destroy()
    await within(ended, `upload cut after ${cut}`)
  }
  for (const cut of [0, 1, 100, 50_000, 700_000]) {
    const reached = begun()
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    socket.write('GET /fhir/studies HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const ended = await reached
    let got = 0
    while (got < cut) got += ((await once(socket, 'data')) as [Buffer])[0].length
    if (cut % 2) socket.resetAndDestroy()
    else socket.destroy()
    await within(ended, `download cut after ${cut}`)
  }
})
