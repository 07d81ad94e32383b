// The door: who is not known waits unread, who is too many is told so or goes, and a stranger takes no place.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { createDoor, type DoorParts, judgeRoom } from '../../src/guard/door.ts'
import { sendRaw } from '../fixtures/raw-http.ts'

const request = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
const own = 1000

/** A server behind the door: `served` to whoever is let in and has room. Strangers are those whose uid `ownerOf` does not say is ours. */
async function open(t: Test, parts: Partial<DoorParts> & { ownerOf: DoorParts['peers']['ownerOf'] }) {
  const refused: string[] = []
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(request.url ?? '')
    const refusal = judgeRoom(request.socket)
    response.writeHead(refusal?.entry.status ?? 200, { Connection: 'close' }).end()
  })
  const { ownerOf, ...more } = parts
  const peers: DoorParts['peers'] = { mode: 'strict', ownUid: own, ownerOf }
  createDoor({ peers, allowUids: () => new Set(), limit: 2, refused: ({ code }) => refused.push(code), ...more })(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  return { server, refused, seen, port: (server.address() as AddressInfo).port }
}

async function hold(t: Test, port: number): Promise<Socket & { ended: Promise<unknown> }> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return Object.assign(socket, { ended: once(socket.resume(), 'close') })
}

/** The status of the answer, or `nothing`. */
async function ask(port: number): Promise<number | 'nothing'> {
  return (await sendRaw(port, request))?.status ?? 'nothing'
}

const countOf = (server: Server) =>
  new Promise<number>((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count))))

/** An owner who is asked for, and known when the test says so. */
function laterOwner() {
  let tell: (uid: number) => void = () => undefined
  let hear: () => void = () => undefined
  const told = new Promise<number>(resolve => {
    tell = resolve
  })
  const asked = new Promise<void>(resolve => {
    hear = resolve
  })
  const ownerOf = () => {
    hear()
    return told
  }
  return { asked, ownerOf, tell: (uid: number) => tell(uid) }
}

t.test('nothing of a connection is read before its owner is known', async t => {
  const { asked, ownerOf, tell } = laterOwner()
  const { port, seen } = await open(t, { ownerOf })
  const served = ask(port)
  await asked
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
  t.strictSame(seen, [])
  tell(own)
  t.equal(await served, 200, 'what came meanwhile is served')
})

t.test('beyond the limit 64 are told so, and those beyond these are closed without a word; places come back', async t => {
  const { port, server } = await open(t, { ownerOf: async () => own })
  const kept = [await hold(t, port), await hold(t, port)]
  t.equal(await ask(port), 503)
  const more = []
  for (let index = 0; index < 64; index++) more.push(await hold(t, port))
  t.equal(await ask(port), 'nothing')
  for (const socket of [...kept, ...more]) socket.destroy()
  while ((await countOf(server)) > 0) await new Promise(setImmediate)
  t.equal(await ask(port), 200)
})

/** Sends a request and waits for the other side's end without ending its own: what came until then. */
async function linger(t: Test, port: number): Promise<{ socket: Socket; text: string }> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined)
  t.teardown(() => socket.destroy())
  socket.write(request.replace('close', 'keep-alive'))
  let text = ''
  socket.on('data', chunk => {
    text += chunk
  })
  await new Promise(resolve => socket.on('end', resolve).on('close', resolve))
  return { socket, text }
}

t.test('strangers are told why, 64 at a time, take no place, and nothing that they send is parsed', async t => {
  let uid: number | undefined = 61_001
  const { port, server, refused, seen } = await open(t, { ownerOf: async () => uid })
  const crowd = Array.from({ length: 80 }, () => linger(t, port))
  while (refused.length < 80) await new Promise(setImmediate)
  uid = own
  t.equal(await ask(port), 200)
  const lingering = await Promise.all(crowd)
  const told = lingering.map(({ text }) => text).filter(text => text !== '')
  t.equal(told.length, 64)
  for (const text of told) t.match(text, /^HTTP\/1\.1 403 [\s\S]*peer-refused/)
  t.strictSame(new Set(refused), new Set(['peer-refused']))
  for (const { socket } of lingering) socket.destroy()
  while ((await countOf(server)) > 0) await new Promise(setImmediate)
  uid = undefined
  t.match((await linger(t, port)).text, /peer-unknown/, 'nor is nobody let in')
  t.strictSame(seen, ['/'])
})

t.test('a user who is named is let in from then on', async t => {
  const named = new Set<number>()
  const { port } = await open(t, { ownerOf: async () => 61_001, allowUids: () => named })
  t.equal(await ask(port), 403)
  named.add(61_001)
  t.equal(await ask(port), 200)
})

t.test('who is known only after the server has closed is not let in', async t => {
  const { asked, ownerOf, tell } = laterOwner()
  const { port, server, seen } = await open(t, { ownerOf })
  const answered = ask(port)
  await asked
  const closed = new Promise(resolve => server.close(resolve))
  tell(own)
  t.equal(await answered, 'nothing')
  await closed
  t.strictSame(seen, [])
})

t.test('of a stranger no more is read than lets him take in his answer', async t => {
  const { port, server } = await open(t, { ownerOf: async () => 61_001 })
  const accepted = once(server, 'connection')
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined)
  t.teardown(() => client.destroy())
  const [socket] = (await accepted) as [Socket]
  const block = Buffer.alloc(64 * 1024)
  const fill = () => {
    while (client.writable && client.write(block));
  }
  client.on('drain', fill).resume()
  fill()
  await once(socket, 'close')
  t.ok(socket.bytesRead > 0)
  t.ok(socket.bytesRead < 1024 * 1024, `${socket.bytesRead} bytes`)
})

t.test('who is cut off while he is looked up gives his place back once', async t => {
  const [first, second] = [laterOwner(), laterOwner()]
  const owners = [first, second]
  const { port, server } = await open(t, { ownerOf: () => (owners.shift() ?? second).ownerOf(), mostPending: 1 })
  const accepted = once(server, 'connection')
  const cut = await hold(t, port)
  const [socket] = (await accepted) as [Socket]
  await first.asked
  socket.destroy()
  await cut.ended
  first.tell(own)
  await hold(t, port)
  await second.asked
  t.equal(await ask(port), 'nothing', 'there is one place, and it is taken')
})
