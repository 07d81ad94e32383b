// Before anything is said over a control socket: whose it is, and then a proof. Each check by itself, in the client alone.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { type ClientRequest, createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { proofOf } from '../../src/control/client/challenge.ts'
import { keyFile } from '../../src/control/client/key-files.ts'
import { connectToOwn } from '../../src/control/client/own-daemon.ts'

const port = 4001
const key = 'the key of the run'

type Answer = (response: ServerResponse, proof: string) => void
const honest: Answer = (response, proof) => response.end(JSON.stringify({ proof }))

/** Something that listens at a control socket and answers challenges; `heard` is what it was sent. */
async function listening(t: Test, answer: Answer = honest) {
  const runtime = mkdtempSync(join(tmpdir(), 'hallpass-own-'))
  t.teardown(() => rmSync(runtime, { recursive: true }))
  writeFileSync(keyFile(runtime, 'control', port), key, { mode: 0o600 })
  const socket = join(runtime, 'control.sock')
  const heard: string[] = []
  // No connection ends by itself.
  const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    const chunks = await request.toArray()
    heard.push(chunks.join(''))
    answer(response, proofOf(key, JSON.parse(chunks.join('')).nonce))
  }).listen(socket)
  await once(server, 'listening')
  chmodSync(socket, 0o600)
  t.teardown(() => server.close().closeAllConnections())
  return { runtime, socket, heard, server }
}

const unproven = { code: 'daemon-unproven', message: /does not know the key of its run/ }
const unsafe = (message: RegExp) => ({ code: 'state-folder-unsafe', message })

t.test('who knows the key of the run is believed, and the connection goes on', async t => {
  const { runtime, socket, heard } = await listening(t)
  const connection = await connectToOwn(runtime, { socket, port })
  t.notOk(connection.destroyed)
  connection.destroy()
  const again = await connectToOwn(runtime, { socket, port })
  again.destroy()
  t.match(heard, Array(2).fill(/^\{"nonce":"[A-Za-z0-9_-]{43}"\}$/))
  t.not(heard[0], heard[1], 'no nonce twice')
})

t.test('what lies at an unsafe place hears nothing, though it knew the key', async t => {
  const { runtime, socket, heard } = await listening(t)
  const refuses = async (message: RegExp, what: string, at = socket) =>
    t.rejects(connectToOwn(runtime, { socket: at, port }), unsafe(message), what)
  for (const mode of [0o755, 0o710, 0o701]) {
    const elsewhere = join(runtime, 'elsewhere')
    mkdirSync(elsewhere)
    chmodSync(elsewhere, mode)
    renameSync(socket, join(elsewhere, 'control.sock'))
    await refuses(/other users may enter it/, `a folder of mode ${mode.toString(8)}`, join(elsewhere, 'control.sock'))
    renameSync(join(elsewhere, 'control.sock'), socket)
    rmSync(elsewhere, { recursive: true })
  }
  for (const mode of [0o666, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601]) {
    chmodSync(socket, mode)
    await refuses(/other users may use it/, `a socket of mode ${mode.toString(8)}`)
  }
  chmodSync(socket, 0o600)
  symlinkSync(socket, join(runtime, 'link'))
  await refuses(/it is not a socket/, 'a link', join(runtime, 'link'))
  writeFileSync(join(runtime, 'file'), '', { mode: 0o600 })
  await refuses(/it is not a socket/, 'a file', join(runtime, 'file'))
  await t.rejects(connectToOwn(runtime, { socket: join(runtime, 'none'), port }), { code: 'not-running' })
  await t.rejects(connectToOwn(runtime, { socket: join(runtime, 'none', 'control.sock'), port }), { code: 'not-running' })
  chmodSync(keyFile(runtime, 'control', port), 0o602)
  await refuses(/other users may write it/, 'a key that others may write')
  rmSync(keyFile(runtime, 'control', port))
  await t.rejects(connectToOwn(runtime, { socket, port }), { code: 'daemon-unproven', message: /the key of its run is not there/ })
  t.strictSame(heard, [])
})

t.test('whoever answers anything but the proof is left at once', async t => {
  const answers: [string, Answer][] = [
    ['another proof', response => response.end(JSON.stringify({ proof: 'A'.repeat(43) }))],
    ['no JSON', response => response.end('nonsense')],
    ['nothing', response => response.end()],
    ['null', response => response.end('null')],
    ['the proof under another status', (response, proof) => response.writeHead(500).end(JSON.stringify({ proof }))],
    ['the proof, redirected', (response, proof) => response.writeHead(302, { Location: '/' }).end(JSON.stringify({ proof }))],
    ['half an answer', response => response.writeHead(200, { 'Content-Length': 100 }).write('{', () => response.destroy())],
  ]
  for (const [what, answer] of answers) {
    const { runtime, socket, server } = await listening(t, answer)
    const closed = once(server, 'connection').then(([connection]) => once(connection, 'close'))
    await t.rejects(connectToOwn(runtime, { socket, port }), unproven, what)
    await closed
  }
})

t.test('an answer without end is not read to its end', async t => {
  const { runtime, socket } = await listening(t, (response, proof) => {
    response.write(`{"proof":"${proof}",`)
    const more = () => {
      while (response.write(' '.repeat(1_000)));
    }
    response.on('drain', more)
    more()
  })
  await t.rejects(connectToOwn(runtime, { socket, port }), unproven)
})

t.test('whoever says nothing is left after ten seconds', async t => {
  const { runtime, socket } = await listening(t, () => undefined)
  const allowed: unknown[] = []
  const started = (message: unknown) => {
    const { request } = message as { request: ClientRequest & { timeout?: number } }
    allowed.push(request.timeout)
    // As when the time has passed.
    request.emit('timeout')
  }
  subscribe('http.client.request.start', started)
  t.teardown(() => unsubscribe('http.client.request.start', started))
  await t.rejects(connectToOwn(runtime, { socket, port }), unproven)
  t.strictSame(allowed, [10_000])
})
