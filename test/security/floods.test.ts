// Floods: slow clients, crowds of connections, uploads that nobody reads, bombs. Bounds hold, and a good client is served meanwhile.
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { startStrictOrigin } from '../fixtures/strict-origin.ts'
import { record } from '../harness/figures.ts'
import { startGoodClient } from '../harness/good-client.ts'
import { residentOf } from '../harness/resident.ts'
import { startUnderAttack, type UnderAttack, type Upstream } from '../harness/under-attack.ts'

const full = process.env.HALLPASS_TEST_FULL !== undefined
const megabyte = 1024 * 1024
const whole = (body: Buffer | string, more = '') => ({
  bytes: Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n${more}Content-Length: ${body.length}\r\n\r\n`),
    Buffer.from(body),
  ]),
  keep: true,
})
const good = whole('{"resourceType":"Patient"}')
const zeros = Buffer.alloc((full ? 100 : 20) * megabyte, '0')
const encodings = Array.from({ length: 20 }, (_, index) => (index % 2 ? 'gzip' : 'br'))
const answers: Record<string, typeof good> = {
  bomb: whole(gzipSync(zeros), 'Content-Encoding: gzip\r\n'),
  'br-bomb': whole(brotliCompressSync(zeros), 'Content-Encoding: br\r\n'),
  chain: whole(gzipSync('{}'), `Content-Encoding: ${encodings.join(', ')}\r\n`),
  'chain-of-fields': whole(gzipSync('{}'), 'Content-Encoding: gzip\r\n'.repeat(20)),
  fields: { bytes: Buffer.from(`HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(100_000)}\r\n`), keep: true },
  interim: { bytes: Buffer.from('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(2_000)), keep: true },
}

const origin = await startStrictOrigin(t)
origin.answer = ({ target }) => answers[target.split('/')[1] ?? ''] ?? good
const client = await startGoodClient(t)
const attack = await startUnderAttack(t, {
  '/fhir': origin,
  '/deaf': await startDeafOrigin(t),
  '/good': { origin: client.origin, base: '' },
})
const { port, pid } = attack.daemon

const undisturbed = (await client.begin(port, 300)()).p99

/** Runs an attack, with the good client beside it. */
async function beside<Result>(t: Test, name: string, action: () => Promise<Result>): Promise<Result> {
  const end = client.begin(port, 50)
  const { result, times } = await action().then(
    async result => ({ result, times: await end() }),
    async error => {
      await end()
      throw error
    },
  )
  t.strictSame(times.refused, [], `the good client was served ${times.served} times`)
  t.ok(attack.alive(), 'by the same process')
  const line = `p99 ${times.p99.toFixed(1)} ms, undisturbed ${undisturbed.toFixed(1)} ms`
  t.comment(line)
  record(name, times.served, `so often a good client was served meanwhile, by the same process; its ${line}`)
  return result
}

t.test('250 clients that send a head byte by byte are cut off after ten seconds (requirement 24)', { timeout: 60_000 }, async t => {
  await beside(t, '250 clients that never finish a head', async () => {
    const slow = Array.from({ length: 250 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
    const ended = slow.map(socket => new Promise(resolve => socket.on('close', resolve).on('data', () => undefined)))
    const text = `GET /fhir/x HTTP/1.1\r\nHost: localhost\r\nX-A: ${'a'.repeat(1_000)}`
    let at = 0
    const drip = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write(text[at] ?? 'a')
      at++
    }, 500)
    await Promise.all(ended)
    clearInterval(drip)
  })
})

const crowd = full ? 3_000 : 600
t.test(`${crowd} connections that say nothing (requirement 24)`, async t => {
  await beside(t, `${crowd} connections that say nothing`, async () => {
    const sockets = Array.from({ length: crowd }, () => connect(port, '127.0.0.1').on('error', () => undefined))
    await Promise.all(sockets.map(socket => Promise.race([once(socket, 'connect'), once(socket, 'close')])))
    for (const socket of sockets) socket.resetAndDestroy()
  })
})

for (const name of Object.keys(answers))
  t.test(`an answer that floods (${name}): the daemon stays small (requirement 24)`, async t => {
    const before = residentOf(pid).now
    const counts = await beside(t, `an answer that floods: ${name}`, () =>
      Promise.all(Array.from({ length: 4 }, () => sizeOf(`/fhir/${name}`))),
    )
    const grown = (residentOf(pid).now - before) / megabyte
    t.ok(grown < 120, `resident memory grew by ${Math.round(grown)} MB`)
    t.comment(`the client got ${counts.map(({ status, bytes }) => `${status}: ${bytes}`).join(', ')}`)
  })

/** Status of an answer and bytes of its body, whole or cut. */
function sizeOf(path: string): Promise<{ status: number | undefined; bytes: number }> {
  return new Promise(resolve => {
    const request = httpRequest({ host: '127.0.0.1', port, path }, response => {
      let bytes = 0
      response.on('data', chunk => {
        bytes += chunk.length
      })
      // A cut answer ends without its end.
      response.on('error', () => undefined).on('close', () => resolve({ status: response.statusCode, bytes }))
    })
    request.on('error', () => resolve({ status: undefined, bytes: 0 })).end()
  })
}

const uploads = full ? 500 : 80
t.test(`${uploads} parallel uploads of 100 MB for a service that does not read: bodies wait unread (requirement 23)`, t =>
  beside(t, `${uploads} parallel uploads of 100 MB for a service that does not read`, () => upload(t, attack, '/deaf')),
)

t.test(`${uploads} parallel uploads of 100 MB while nobody is signed in: bodies wait unread (requirement 23)`, async t => {
  const held = await startUnderAttack(t, { '/fhir': origin }, { settings: { maxWaitingRequests: uploads }, signIn: false })
  await upload(t, held, '/fhir')
  t.ok(held.alive())
})

/** Keeps every connection and reads not one byte. */
async function startDeafOrigin(t: Test): Promise<Upstream> {
  const sockets: Socket[] = []
  const server = createServer(socket => void sockets.push(socket.on('error', () => undefined).pause()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, base: '' }
}

async function upload(t: Test, { daemon }: UnderAttack, prefix: string): Promise<void> {
  const before = residentOf(daemon.pid).now
  const block = Buffer.alloc(64 * 1024, 'u')
  const sockets = Array.from({ length: uploads }, () => {
    const socket = connect(daemon.port, '127.0.0.1').on('error', () => undefined)
    socket.write(`POST ${prefix}/Binary HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${100 * megabyte}\r\n\r\n`)
    const fill = () => {
      while (socket.writable && socket.write(block));
    }
    socket.on('drain', fill)
    fill()
    return socket
  })
  // There is no event for it: what the kernels and the daemon take is taken when nothing has moved for a while.
  for (let last = -1, sum = 0; last !== sum; ) {
    last = sum
    await new Promise(done => setTimeout(done, 300))
    sum = sockets.reduce((all, socket) => all + socket.bytesWritten - socket.writableLength, 0)
  }
  const grown = (residentOf(daemon.pid).now - before) / megabyte
  // An upload under way is buffered by three streams; one that is held is not read at all.
  const limit = prefix === '/deaf' ? uploads * 0.75 + 20 : 60
  t.ok(grown < limit, `resident memory grew by ${Math.round(grown)} MB`)
  record(
    `parallel uploads of 100 MB to ${prefix === '/deaf' ? 'a service that does not read' : 'nobody signed in'}`,
    uploads,
    `resident memory grew by ${Math.max(0, Math.round(grown))} MB`,
  )
  for (const socket of sockets) socket.destroy()
}
