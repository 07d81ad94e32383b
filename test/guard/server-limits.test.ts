// What never becomes a request: each is answered in our words, ends its own connection, and disturbs no other answer.
import { once } from 'node:events'
import { createServer, type RequestListener, type ServerOptions } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { answerClientError, applyServerLimits, refuseConnect, serverOptions } from '../../src/guard/server-limits.ts'
import { readAnswer, sendRaw } from '../fixtures/raw-http.ts'

const own = 'Host: localhost\r\n'

async function listen(t: Test, listener: RequestListener, options: ServerOptions = {}) {
  const server = createServer({ ...serverOptions, ...options }, listener)
  applyServerLimits(server)
  server.on('clientError', (error, socket) => answerClientError(error, socket as Socket))
  server.on('connect', (_request, socket) => refuseConnect(socket as Socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  return { server, port: (server.address() as AddressInfo).port }
}

const serve: RequestListener = (request, response) => {
  request.resume()
  response.writeHead(200, { 'Content-Length': 2 }).end('ok')
}

async function dial(port: number, allowHalfOpen = false): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen })
  await once(socket, 'connect')
  return socket
}

t.test('the parser’s refusals are answered by code, as problem details, and close the connection', async t => {
  const { port } = await listen(t, serve)
  const cases: [string, string, number, string][] = [
    ['a head of more than 16 KiB', `GET / HTTP/1.1\r\n${own}X: ${'y'.repeat(17 * 1024)}\r\n\r\n`, 431, 'head-too-large'],
    ['a target of more than 16 KiB', `GET /${'y'.repeat(17 * 1024)} HTTP/1.1\r\n${own}\r\n`, 431, 'head-too-large'],
    ['both framings', `POST / HTTP/1.1\r\n${own}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, 'framing-refused'],
    ['a length that is no number', `POST / HTTP/1.1\r\n${own}Content-Length: five\r\n\r\n`, 400, 'framing-refused'],
    ['TLS on the plain port', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'request-malformed'],
    ['nonsense', 'hello\r\n\r\n', 400, 'request-malformed'],
    ['HTTP/2 with prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'request-malformed'],
    ['a folded field', `GET / HTTP/1.1\r\n${own}X: a\r\n b\r\n\r\n`, 400, 'request-malformed'],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : localhost\r\n\r\n', 400, 'request-malformed'],
    ['a bare line feed', 'GET / HTTP/1.1\nHost: localhost\n\n', 400, 'request-malformed'],
    ['a NUL in a value', 'GET / HTTP/1.1\r\nHost: local\0host\r\n\r\n', 400, 'request-malformed'],
    ['CONNECT', 'CONNECT evil.com:443 HTTP/1.1\r\nHost: evil.com\r\n\r\nmore', 405, 'method-refused'],
  ]
  for (const [sentence, text, status, code] of cases) {
    const answer = await sendRaw(port, text)
    t.equal(answer?.status, status, sentence)
    t.equal(answer?.fields.get('hallpass-error'), code, sentence)
    t.equal(answer?.fields.get('connection'), 'close')
    t.equal(answer?.fields.get('content-type'), 'application/problem+json')
    t.match(Object.fromEntries(answer?.fields ?? []), {
      'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    t.match(JSON.parse(answer?.body ?? ''), { status, code })
    t.notMatch(answer?.body, /evil|hello|five/)
  }
  t.equal((await sendRaw(port, `GET / HTTP/1.1\r\n${own}\r\n`))?.status, 200, 'and the next one is served')
})

t.test('who sends on and on can still read why it was refused', async t => {
  const { port, server } = await listen(t, serve)
  const accepted = once(server, 'connection')
  const socket = await dial(port, true)
  const [serverSide] = (await accepted) as [Socket]
  const closed = once(serverSide, 'close')
  socket.write(`GET / HTTP/1.1\r\n${own}X: ${'y'.repeat(32 * 1024)}\r\n`)
  await once(socket, 'readable')
  for (let index = 0; index < 1_000; index++) {
    socket.write('y'.repeat(1024))
    await setImmediate()
  }
  t.equal((await readAnswer(socket))?.status, 431)
  await closed
  t.pass('then the connection ends, though the client keeps its side open')
  socket.destroy()
})

t.test('a head that comes too slowly gets 408', async t => {
  const { port } = await listen(t, serve, { headersTimeout: 60, connectionsCheckingInterval: 20 })
  const socket = await dial(port)
  socket.write('GET / HTTP/1.1\r\nHost: local')
  const answer = await readAnswer(socket)
  t.equal(answer?.status, 408)
  t.equal(answer?.fields.get('hallpass-error'), 'request-timeout')
  socket.destroy()
})

t.test('a body that breaks off the grammar while its request waits is answered', async t => {
  const { port } = await listen(t, request => request.resume())
  const socket = await dial(port)
  socket.write(`POST / HTTP/1.1\r\n${own}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`)
  socket.write('not a size\r\n')
  t.equal((await readAnswer(socket))?.status, 400)
  socket.destroy()
})

/** Waits for the beginning of an answer, sends the text, and gives everything behind the answer's head when the connection has ended. */
async function restAfter(socket: Socket, text: string): Promise<string> {
  let received = ''
  socket.on('data', chunk => {
    received += chunk
  })
  socket.on('error', () => undefined)
  await once(socket, 'data')
  socket.write(text)
  await once(socket, 'close')
  return received.slice(received.indexOf('\r\n\r\n') + 4)
}

t.test('nothing is written into the answer of a request that came before', async t => {
  const bad = 'nonsense\r\n\r\n'
  const good = `GET / HTTP/1.1\r\n${own}\r\n`

  const begun = await listen(t, (_request, response) => response.writeHead(200, { 'Content-Length': 1000 }).write('begin'))
  const first = await dial(begun.port)
  first.write(good)
  t.equal(await restAfter(first, bad), 'begin', 'an answer that has begun is cut off, not continued with another')
  const upload = await dial(begun.port)
  upload.write(`POST / HTTP/1.1\r\n${own}Transfer-Encoding: chunked\r\n\r\n`)
  t.equal(await restAfter(upload, bad), 'begin', 'also when it began before its request was complete')

  const waiting = await listen(t, () => undefined)
  t.equal(await sendRaw(waiting.port, good + bad), undefined, 'a waiting request does not get the answer of the next')
  t.equal(await sendRaw(waiting.port, `${good}CONNECT evil.com:443 HTTP/1.1\r\n${own}\r\n`), undefined, 'nor that of a CONNECT')

  const { port } = await listen(t, serve)
  const second = await dial(port)
  second.write(good)
  t.equal((await readAnswer(second))?.status, 200)
  second.write(bad)
  t.equal((await readAnswer(second))?.status, 400, 'after an answer was complete, the refusal is the next one')
  second.destroy()
})

t.test('connections that are reset at any moment leave the server running', async t => {
  const { port } = await listen(t, serve)
  const openings = [
    '',
    'GET',
    `GET / HTTP/1.1\r\n${own}\r\n`,
    'nonsense\r\n\r\n',
    'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
    `POST / HTTP/1.1\r\n${own}Content-Length: 9\r\n\r\n1`,
  ]
  for (const opening of openings) {
    const socket = await dial(port)
    socket.write(opening)
    socket.resetAndDestroy()
    await once(socket, 'close')
  }
  t.equal((await sendRaw(port, `GET / HTTP/1.1\r\n${own}\r\n`))?.status, 200)
})

t.test('the limits are set', async t => {
  t.strictSame(serverOptions, {
    maxHeaderSize: 16_384,
    headersTimeout: 10_000,
    connectionsCheckingInterval: 2_000,
    requestTimeout: 0,
    keepAliveTimeout: 60_000,
    insecureHTTPParser: false,
    requireHostHeader: false,
  })
  const { server } = await listen(t, serve)
  const { maxHeadersCount, headersTimeout, requestTimeout, timeout, keepAliveTimeout } = server
  t.strictSame(
    { maxHeadersCount, headersTimeout, requestTimeout, timeout, keepAliveTimeout },
    { maxHeadersCount: 0, headersTimeout: 10_000, requestTimeout: 0, timeout: 0, keepAliveTimeout: 60_000 },
  )
})
