// The port of a redirect URI: guarded as the daemon's own, open as long as a sign-in needs it; one that is taken harms nobody else.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import t from 'tap'
import { createRedirectListener, type RedirectListenerParts } from '../../src/daemon/redirect-listener.ts'
import { callerKey } from '../../src/guard/caller-key.ts'
import type { Peers } from '../../src/guard/peers.ts'
import { manualClock } from '../fixtures/clocks.ts'
import { freePort } from '../fixtures/free-port.ts'
import { sendRaw } from '../fixtures/raw-http.ts'

/** A listener whose callback and pages say what they are. */
function listenerFor(peers: Partial<Peers> = {}) {
  const clock = manualClock()
  const saying = (what: string) => (_request: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(200, { 'Content-Length': what.length }).end(what)
  const parts: RedirectListenerParts = {
    clock,
    policy: { port: 1, allowedOrigins: new Set(), extraHosts: new Set() },
    admission: {
      peers: { mode: 'none', ownUid: -1, ownerOf: async () => undefined, ...peers },
      allowUids: new Set(),
      key: undefined,
      apiKey: callerKey('x'),
      fileOf: () => '',
    },
    callback: saying('callback'),
    isCallback: (method, target) => method !== 'DELETE' && target.startsWith('/signed-in?'),
    pages: saying('page'),
    refused: () => undefined,
  }
  return { clock, ...createRedirectListener(parts) }
}

const ask = async (port: number, line: string, ...fields: string[]) => {
  const lines = [line, ...(fields.length > 0 ? fields : ['Host: localhost']), 'Connection: close']
  const answer = await sendRaw(port, `${lines.join('\r\n')}\r\n\r\n`)
  return answer?.fields.get('hallpass-error') ?? answer?.body ?? 'no answer'
}

t.test('closed while a port is asked for that somebody else has', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const listener = listenerFor()
  const held = t.rejects(listener.hold((other.address() as AddressInfo).port), { code: 'redirect-port-taken' })
  // An unhandled rejection would fail this file, and end a daemon.
  listener.close()
  await held
})

t.test('the callback and the page of its outcome are there, and nothing else of ours', async t => {
  const listener = listenerFor()
  const port = await freePort()
  await listener.hold(port)
  t.teardown(() => listener.close())
  t.equal(await ask(port, 'GET /signed-in?code=x HTTP/1.1'), 'callback')
  t.equal(await ask(port, 'POST /signed-in?code=x HTTP/1.1'), 'callback')
  t.equal(await ask(port, 'GET /-/sign-in/abc HTTP/1.1'), 'page')
  for (const line of [
    'DELETE /signed-in?code=x',
    'GET /signed-in',
    'POST /-/sign-in/abc',
    'POST /-/sign-in/abc/cancel',
    'GET /-/sign-in',
    'POST /-/sign-in',
    'GET /-/health/live',
    'GET /-/api/status',
    'GET /',
    'GET /fhir/Patient',
  ])
    t.equal(await ask(port, `${line} HTTP/1.1`), 'no-route', line)
})

t.test('what the guard refuses at the daemon’s own port is refused here', async t => {
  const listener = listenerFor()
  const port = await freePort()
  await listener.hold(port)
  t.teardown(() => listener.close())
  const many = Array.from({ length: 100 }, (_, index) => `X-${index}: y`)
  for (const target of ['/signed-in?code=x', '/-/sign-in/abc']) {
    const line = `GET ${target} HTTP/1.1`
    t.equal(await ask(port, line, 'Host: evil.com'), 'host-refused')
    t.equal(await ask(port, line, 'Accept: */*'), 'host-refused', 'no Host')
    t.equal(await ask(port, line, 'Host: localhost', 'Upgrade: websocket'), 'upgrade-refused')
    t.equal(await ask(port, line, 'Host: localhost', 'Sec-Purpose: prefetch'), 'prefetch-refused')
    t.equal(await ask(port, line, 'Host: localhost', ...many), 'head-too-large')
    t.equal(await ask(port, line, 'Host: localhost', `X: ${'y'.repeat(17_000)}`), 'head-too-large')
    t.equal(await ask(port, `GET ${target} HTTP/2.0`), 'request-malformed')
    t.equal(await ask(port, `TRACE ${target} HTTP/1.1`), 'method-refused')
    t.equal(await ask(port, `GET ${target}#x HTTP/1.1`), 'target-refused')
    t.equal(await ask(port, line, 'Host: localhost', 'Host : x'), 'request-malformed', 'what the parser refuses is answered in our words')
  }
})

t.test('another user gets neither the callback nor the page, and is waited for until it is told who it is', async t => {
  const asked: (() => void)[] = []
  const ownerOf = (uid: number | undefined) => () => new Promise<number | undefined>(answer => asked.push(() => answer(uid)))
  for (const [uid, refusal] of [
    [61_001, 'peer-refused'],
    [0, 'peer-refused'],
    [undefined, 'peer-unknown'],
    [61_002, undefined],
  ] as const) {
    const listener = listenerFor({ mode: 'strict', ownUid: 61_002, ownerOf: ownerOf(uid) })
    const port = await freePort()
    await listener.hold(port)
    for (const [target, what] of [
      ['/signed-in?code=x', 'callback'],
      ['/-/sign-in/abc', 'page'],
    ]) {
      const answer = ask(port, `GET ${target} HTTP/1.1`)
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      while (asked.length < 2) await new Promise(setImmediate)
      socket.destroy()
      for (const tell of asked.splice(0)) tell()
      t.equal(await answer, refusal ?? what, `${uid} at ${target}`)
    }
    listener.close()
  }
})

t.test('the port is open until the last sign-in that needs it has shown its end, and no connection outlives it', async t => {
  const listener = listenerFor()
  const { clock } = listener
  const port = await freePort()
  const [first, second] = [await listener.hold(port), await listener.hold(port)]
  const kept = connect(port, '127.0.0.1')
  await once(kept, 'connect')
  const keptEnded = once(kept, 'close')
  first()
  clock.advance(10_000)
  t.equal(await ask(port, 'GET /-/sign-in/abc HTTP/1.1'), 'page', 'another sign-in needs it still')
  second()
  clock.advance(9_999)
  t.equal(await ask(port, 'GET /-/sign-in/abc HTTP/1.1'), 'page', 'its end is still to be shown')
  clock.advance(1)
  await keptEnded
  for (const host of ['127.0.0.1', '::1']) {
    const [error] = await once(connect(port, host), 'error')
    t.equal(error.code, 'ECONNREFUSED', host)
  }
  const again = await listener.hold(port)
  t.equal(await ask(port, 'GET /-/sign-in/abc HTTP/1.1'), 'page', 'the next sign-in opens it again')
  again()
  listener.close()
})

t.test('more connections than a browser has are told so, at both addresses together', async t => {
  const listener = listenerFor()
  const port = await freePort()
  await listener.hold(port)
  t.teardown(() => listener.close())
  const crowd = Array.from({ length: 64 }, (_, index) => connect(port, index % 2 ? '127.0.0.1' : '::1').on('error', () => undefined))
  await Promise.all(crowd.map(socket => once(socket, 'connect')))
  t.equal(await ask(port, 'GET /-/sign-in/abc HTTP/1.1'), 'redirect-port-busy', 'no setting raises the limit here')
  for (const socket of crowd) socket.destroy()
})
