// Whatever a service does wrong, the client gets 502 or 504 of ours with the reason, that connection is not used again, and the next request is served.
import { once } from 'node:events'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { Agent } from 'undici'
import { createJournal } from '../../src/journal/journal.ts'
import type { ExchangeRecord } from '../../src/journal/record.ts'
import { createAuthority } from '../fixtures/authority.ts'
import { startProxied } from '../fixtures/proxied.ts'

type Broken = { origin: string; connections: () => number; behave: (how: (socket: Socket) => void) => void }

/** A service on plain TCP: `behave` says what it does once a request has come. Every connection gets one request only, then it must not be used. */
async function startBroken(t: Test): Promise<Broken> {
  let how: (socket: Socket) => void = socket => socket.end()
  let connections = 0
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    connections++
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => how(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    behave: next => {
      how = next
    },
  }
}

const good = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\ngood'
const says = (text: string) => (socket: Socket) => void socket.write(Buffer.from(text, 'latin1'))

/** One dispatcher with short patience: undici's clock ticks about once a second. */
function impatient(t: Test) {
  const dispatcher = new Agent({ headersTimeout: 300, bodyTimeout: 300, maxHeaderSize: 16_384, connect: { timeout: 500 } })
  t.teardown(() => dispatcher.destroy())
  return { dispatcherFor: () => dispatcher, timeouts: { connect: 1, answer: 3, silence: 4, client: 300 } }
}

t.test('answers that are no HTTP, or not one answer: 502, a new connection for the next request, and that one is served', async t => {
  const { origin, behave, connections } = await startBroken(t)
  const { url, events } = await startProxied(t, origin, impatient(t))
  const cases: [string, string, RegExp][] = [
    ['no status line', 'nonsense\r\n\r\n', /not HTTP/],
    ['another protocol', 'SSH-2.0-OpenSSH_9\r\n', /not HTTP/],
    ['a status of letters', 'HTTP/1.1 abc OK\r\n\r\n', /not HTTP/],
    ['a field without a colon', 'HTTP/1.1 200 OK\r\nContent-Length 4\r\n\r\ngood', /not HTTP/],
    ['a control character in a field', 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 4\r\n\r\ngood', /not HTTP/],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 4\r\n\r\ngood', /not HTTP/],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\ngood', /not as long as announced/],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n',
      /not as long as announced/,
    ],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: 4x\r\n\r\ngood', /not as long as announced/],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\ngood', /not HTTP/],
    ['a chunk that is no number', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\ngood\r\n0\r\n\r\n', /not HTTP/],
    ['endless fields', `HTTP/1.1 200 OK\r\n${'X-Endless: yes\r\n'.repeat(5_000)}`, /head is too large/],
    ['one endless field', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(100_000)}`, /head is too large/],
    ['interim answers without end', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(2_000), /interim/],
    [
      'an upgrade that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
      /connection broke|not HTTP/,
    ],
    ['100 Continue that nobody asked for', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', /connection broke/],
  ]
  for (const [name, bytes, why] of cases) {
    behave(says(bytes))
    const before = connections()
    const answer = await fetch(`${url}/Patient`).catch(() => undefined)
    // After a good head nothing can be answered any more: the connection is cut.
    if (!answer) t.match(name, /^a chunk/)
    else {
      t.equal(answer.status, 502, name)
      t.equal(answer.headers.get('hallpass-error'), 'origin-broken', name)
      const { issue } = (await answer.json()) as { issue: { diagnostics: string }[] }
      t.match(issue[0]?.diagnostics, why, name)
    }
    behave(says(good))
    const next = await fetch(`${url}/Patient`)
    t.equal(await next.text(), 'good', `after ${name}`)
    t.ok(connections() >= before + 1, 'not on the connection that went wrong')
    behave(socket => socket.destroy())
    await fetch(`${url}/drain`).then(response => response.arrayBuffer())
  }
  t.notMatch(JSON.stringify(events), /stack|node_modules|Parse Error/)
})

t.test(
  'reset or ended at every byte of an answer: 502 before its head is whole, and no half answer taken for a whole one after',
  async t => {
    const { origin, behave } = await startBroken(t)
    const { url } = await startProxied(t, origin, impatient(t))
    const head = good.indexOf('\r\n\r\n') + 4
    for (let at = 0; at < good.length; at++) {
      behave(socket => socket.write(good.slice(0, at), () => (at % 2 ? socket.resetAndDestroy() : socket.end())))
      const outcome = await fetch(`${url}/Patient`)
        .then(async answer => ({ status: answer.status, code: answer.headers.get('hallpass-error'), text: await answer.text() }))
        .catch(() => 'cut')
      if (outcome === 'cut') t.ok(at >= head, `cut in the body, after ${at} bytes`)
      else t.match(outcome, { status: 502, code: 'origin-broken' }, `after ${at} bytes`)
    }
    behave(says(good))
    t.equal(await (await fetch(`${url}/Patient`)).text(), 'good')
  },
)

t.test('silent: 504 before the answer, cut within it; each with its own time and words', async t => {
  const { origin, behave } = await startBroken(t)
  const { url, parts } = await startProxied(t, origin, impatient(t))
  behave(() => undefined)
  const answer = await fetch(`${url}/Patient`)
  t.equal(answer.status, 504)
  t.match(await answer.json(), { issue: [{ code: 'timeout', diagnostics: /did not begin its answer within 3 s.*"answerTimeoutSeconds"/ }] })
  behave(says(good.slice(0, -2)))
  await t.rejects(fetch(`${url}/Patient`).then(half => half.text()))
  t.match(parts.journal.records().at(-1), { status: 200, error: 'origin-silent', remedy: /"silenceTimeoutSeconds"/ })
})

t.test('refused, another name, an authority that nobody knows, an expired certificate: 502 with the reason', async t => {
  const authority = await createAuthority()
  const past = { from: new Date(Date.now() - 2 * 86_400_000), to: new Date(Date.now() - 86_400_000) }
  const cases: [string, { cert: string; key: string } | undefined, string | undefined, RegExp][] = [
    ['refused', undefined, undefined, /nothing listens there/],
    ['another name', await authority.issue(['elsewhere.example']), authority.certificate, /certificate is for another name/],
    ['unknown authority', await authority.issue(['localhost']), undefined, /unknown authority/],
    ['expired', await authority.issue(['localhost'], past), authority.certificate, /expired/],
  ]
  for (const [name, keys, ca, why] of cases) {
    const server = createTlsServer(keys ?? {}, (_request, response) => response.end('never')).listen(0, 'localhost')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    if (!keys) server.close()
    t.teardown(() => server.close().closeAllConnections())
    const dispatcher = new Agent({ connect: { ...(ca !== undefined && { ca }) } })
    t.teardown(() => dispatcher.destroy())
    const { url } = await startProxied(t, `https://localhost:${port}`, { dispatcherFor: () => dispatcher })
    const answer = await fetch(`${url}/Patient`)
    t.equal(answer.status, 502, name)
    t.equal(answer.headers.get('hallpass-error'), 'origin-unreachable', name)
    t.match(await answer.json(), { issue: [{ diagnostics: why }] }, name)
  }
})

t.test('a client that sends nothing more of its body, or takes nothing of its answer, is told so or cut', async t => {
  const { origin, behave } = await startBroken(t)
  let cut: (record: ExchangeRecord) => void
  const wasCut = new Promise<ExchangeRecord>(resolve => {
    cut = resolve
  })
  const journal = createJournal(
    10,
    () => 'test',
    record => void (record.status === 200 && cut(record)),
  )
  const { port } = await startProxied(t, origin, { journal, timeouts: { connect: 1, answer: 1, silence: 1, client: 1 } })
  behave(() => undefined)
  const socket = connect(port, '127.0.0.1')
  socket.write('POST /fhir/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc')
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  t.match(bytes.toString(), /^HTTP\/1\.1 408 [\s\S]*Hallpass-Error: client-silent/)
  socket.destroy()
  const block = Buffer.alloc(1_000_000)
  behave(origin => {
    origin.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n')
    const write = () => {
      while (origin.write(block));
      origin.once('drain', write)
    }
    write()
  })
  const reader = connect(port, '127.0.0.1')
  reader.write('GET /fhir/x HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(reader, 'readable')
  t.match(await wasCut, { error: 'client-silent', by: 'service' })
  reader.destroy()
})
