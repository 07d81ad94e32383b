// Who is at the other end: read from tables as the kernel writes them, in every case that they can show.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, Server, Socket } from 'node:net'
import t from 'tap'
import { startPeerCheck } from '../../src/guard/peer-check.ts'
import { identifyPeer, judgePeer, type PeerMode, type Peers } from '../../src/guard/peers.ts'
import { portOwner } from '../../src/guard/port-owner.ts'
import { type Connection, createOwnerLookup } from '../../src/guard/socket-owner.ts'
import { type ReadTable, readSocketTable } from '../../src/guard/socket-table.ts'

type End = [address: string, port: number]
type Row = { local: string; remote: string; uid: number; inode: number; state?: string }

const v4 = '0100007F'
const mapped = `0000000000000000FFFF0000${v4}`
const v6 = '00000000000000000000000001000000'
const at = (where: string, port: number) => `${where}:${port.toString(16).toUpperCase().padStart(4, '0')}`
const row = (local: End, remote: End, uid: number, inode: number): Row => ({ local: at(...local), remote: at(...remote), uid, inode })

/** The text of /proc/net/tcp, column for column. */
function table(...rows: Row[]): string {
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
  return head.concat(
    ...rows.map(
      ({ local, remote, uid, inode, state = '01' }, index) =>
        `${String(index).padStart(4)}: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000 ${String(uid).padStart(5)}        0 ${inode} 1 0000000000000000 20 4 30 10 -1\n`,
    ),
  )
}

/** One table after the other for each read; the last one stays. */
function reading(tcp: string[], tcp6: string[] = [table()]): { read: ReadTable; reads: string[] } {
  const reads: string[] = []
  const tables = { tcp, tcp6 }
  const read: ReadTable = async name => {
    reads.push(name)
    const text = tables[name].length > 1 ? tables[name].shift() : tables[name][0]
    return text ?? ''
  }
  return { read, reads }
}

const connection: Connection = { localAddress: '127.0.0.1', localPort: 3447, remoteAddress: '127.0.0.1', remotePort: 50_000, inode: '77' }
const ours = row([v4, 3447], [v4, 50_000], 1000, 77)
const client = (uid: number, inode: number) => row([v4, 50_000], [v4, 3447], uid, inode)

async function ownerBy(tcp: string[], tcp6?: string[], asked: Connection = connection) {
  const { read, reads } = reading(tcp, tcp6)
  return { uid: await createOwnerLookup(read)(asked), reads }
}

t.test('the owner of the client’s socket, by both rows', async t => {
  t.strictSame(await ownerBy([table(ours, client(1000, 88))]), { uid: 1000, reads: ['tcp'] }, 'one table does')
  t.equal((await ownerBy([table(client(0, 88), ours)])).uid, 0, 'root is named when the socket is root’s')
  t.equal((await ownerBy([table(ours, client(4_294_967_294, 88))])).uid, 4_294_967_294)
  const six: Connection = { ...connection, localAddress: '::1', remoteAddress: '::1' }
  const rows = table(row([v6, 3447], [v6, 50_000], 1000, 77), row([v6, 50_000], [v6, 3447], 1001, 88))
  t.strictSame(await ownerBy([table()], [rows], six), { uid: 1001, reads: ['tcp6'] }, 'IPv6 stands in the second table only')
})

t.test('an AF_INET6 socket has its row in the second table, mapped', async t => {
  const there = [table(row([mapped, 50_000], [mapped, 3447], 1001, 88))]
  t.strictSame(await ownerBy([table(ours)], there), { uid: 1001, reads: ['tcp', 'tcp6'] })
  const dual: Connection = { ...connection, localAddress: '::ffff:127.0.0.1', remoteAddress: '::ffff:127.0.0.1' }
  t.equal((await ownerBy([table(client(1001, 88))], [table(row([mapped, 3447], [mapped, 50_000], 1000, 77))], dual)).uid, 1001)
})

t.test('who has gone is nobody: not found, not root', async t => {
  const unknown = { uid: undefined, reads: ['tcp', 'tcp6', 'tcp', 'tcp6', 'tcp', 'tcp6'] }
  t.strictSame(await ownerBy([table(ours, { ...client(0, 0), state: '05' })]), unknown, 'closed: the kernel says uid 0, inode 0')
  const closed = { ...ours, state: '08' }
  t.strictSame(await ownerBy([table(closed)]), unknown, 'no row of the client, whose end has come')
  t.strictSame(await ownerBy([table(closed)], [table({ ...row([mapped, 50_000], [mapped, 3447], 0, 0), state: '04' })]), unknown)
  t.strictSame(await ownerBy([table(client(1000, 88))]), unknown, 'no row of ours')
  t.strictSame(await ownerBy([table({ ...ours, inode: 78 }, client(1000, 88))]), unknown, 'the ports belong to a later connection')
  t.strictSame(
    await ownerBy([table(ours, client(1001, 88), client(1000, 89))]),
    unknown,
    'two clients: the table changed while it was read',
  )
  t.strictSame(await ownerBy([table(ours, client(1000, 88))], undefined, { ...connection, inode: '' }), unknown, 'our own end is closed')
  t.strictSame(
    await ownerBy([table(ours, { ...ours, inode: 78 }, client(1000, 88))], undefined, { ...connection, inode: '' }),
    unknown,
    'nor does it help that there are two of ours',
  )
  t.strictSame(await ownerBy(['']), unknown, 'an empty table')
  t.strictSame(await ownerBy(['nonsense\n'.repeat(10)]), unknown, 'another format')
  const neighbour = { ...connection, remoteAddress: '10.0.0.1' }
  t.equal((await ownerBy([table(ours, client(1000, 88))], undefined, neighbour)).uid, undefined, 'another address')
})

t.test('whom no table shows, though our own end is connected, is unlisted: a program of Windows on WSL', async t => {
  t.equal((await ownerBy([table(ours)])).uid, 'unlisted')
  t.equal((await ownerBy([table(ours, row([v4, 50_001], [v4, 3447], 0, 0))])).uid, 'unlisted', 'another client does not count')
  t.equal((await ownerBy([table(ours, client(0, 0))])).uid, undefined, 'who has gone while we have not read all that he sent')
  t.equal((await ownerBy([table(ours)], [table(row([mapped, 50_000], [mapped, 3447], 0, 0))])).uid, undefined, 'by IPv6 as well')
  t.equal((await ownerBy([table(ours), table(ours), table()])).uid, undefined, 'the last look counts')
})

t.test('the tables are read up to three times', async t => {
  const good = table(ours, client(1000, 88))
  t.equal((await ownerBy([table(), good])).uid, 1000)
  t.equal((await ownerBy([table(), table(), good])).uid, 1000)
  t.equal((await ownerBy([table(), table(), table(), good])).uid, undefined)
})

t.test('all connections that arrived before a read share it', async t => {
  const ports = Array.from({ length: 500 }, (_, index) => 40_000 + index)
  const rows = ports.flatMap(port => [
    row([v4, 3447], [v4, port], 1000, port),
    row([v4, port], [v4, 3447], port % 2 ? 1000 : 1001, port + 1000),
  ])
  const { read, reads } = reading([table(...rows)])
  const ownerOf = createOwnerLookup(read)
  const uids = await Promise.all(ports.map(remotePort => ownerOf({ ...connection, remotePort, inode: String(remotePort) })))
  t.strictSame(
    uids,
    ports.map(port => (port % 2 ? 1000 : 1001)),
  )
  t.strictSame(reads, ['tcp'])
})

t.test('what arrives during a read waits for the next one: this one may have begun too early', async t => {
  let begun: () => void = () => undefined
  let finish: (text: string) => void = () => undefined
  const reads: string[] = []
  const started = new Promise<void>(resolve => {
    begun = resolve
  })
  const read: ReadTable = name => {
    reads.push(name)
    if (reads.length > 1) return Promise.resolve(table(ours, client(1000, 88)))
    begun()
    return new Promise(resolve => {
      finish = resolve
    })
  }
  const ownerOf = createOwnerLookup(read)
  const first = ownerOf(connection)
  await started
  const second = ownerOf(connection)
  finish(table(ours, client(1001, 88)))
  t.strictSame([await first, await second, reads], [1001, 1000, ['tcp', 'tcp']])
})

t.test('a table that cannot be read tells nothing', async t => {
  const refusing: ReadTable = async () => {
    throw Object.assign(new Error('no'), { code: 'ENOENT' })
  }
  t.equal(await createOwnerLookup(refusing)(connection), undefined)
  t.equal(await portOwner('127.0.0.1', 3447, refusing), undefined)
})

t.test('at the start the check tries itself, and says what it is', async t => {
  const linux = { platform: 'linux', uid: process.geteuid?.(), isWsl: false, wanted: true } as const
  t.match(await startPeerCheck(linux), { state: 'on', peers: { mode: 'strict' }, why: /^connections of other users than \d+ are refused/ })
  t.match(await startPeerCheck({ ...linux, isWsl: true }), { state: 'on', peers: { mode: 'lenient' }, why: /WSL/ })
  t.match(await startPeerCheck({ ...linux, wanted: false }), { state: 'off', peers: { mode: 'none' }, why: /access\.peerCheck/ })
  t.match(await startPeerCheck({ ...linux, uid: undefined, platform: 'win32' }), { state: 'unavailable', why: /does not tell who owns/ })
  t.match(await startPeerCheck({ ...linux, platform: 'darwin' }), { state: 'unavailable', peers: { mode: 'none' } })
  t.match(await startPeerCheck({ ...linux, readTable: async () => table() }), {
    state: 'unavailable',
    why: /own connection to 127\.0\.0\.1/,
  })
  t.match(await startPeerCheck({ ...linux, readTable: async name => (name === 'tcp' ? readSocketTable(name) : table()) }), {
    state: 'unavailable',
    why: /own connection to ::1/,
  })
  t.match(await startPeerCheck({ ...linux, uid: undefined }), {
    state: 'unavailable',
    peers: { mode: 'none' },
    why: /does not tell who owns/,
  })
  const first = readFileSync('/proc/self/net/tcp', 'latin1')
  t.ok(first.startsWith('  sl  local_address'), 'this machine has the table that the others are made after')
})

t.test('who is served in each mode: ourselves, who is named, and on WSL whom no table shows', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.teardown(() => client.destroy())
  const [socket] = (await accepted) as [Socket]
  t.teardown(() => socket.destroy())
  const [own, named, other] = [1000, 1001, 1002]
  const verdicts = async (mode: PeerMode) => {
    const judged = []
    for (const uid of [own, named, other, 0, 'unlisted', undefined] as const) {
      const peers: Peers = { mode, ownUid: own, ownerOf: async () => uid }
      await identifyPeer(socket, peers)
      judged.push(judgePeer(socket, peers, new Set([named]))?.code ?? 'served')
    }
    return judged
  }
  const unasked = (mode: PeerMode) => judgePeer(socket, { mode, ownUid: own, ownerOf: async () => own }, new Set([named]))?.code
  t.strictSame([unasked('strict'), unasked('lenient')], ['peer-unknown', 'peer-unknown'], 'nobody is, before it is asked')
  t.strictSame(await verdicts('strict'), ['served', 'served', 'peer-refused', 'peer-refused', 'peer-unknown', 'peer-unknown'])
  t.strictSame(await verdicts('lenient'), ['served', 'served', 'peer-refused', 'served', 'served', 'peer-unknown'])
  t.strictSame(await verdicts('none'), Array(6).fill('served'))
  const strict: Peers = { mode: 'strict', ownUid: own, ownerOf: async () => other }
  await identifyPeer(socket, strict)
  t.strictSame(judgePeer(socket, strict, new Set())?.fields, { Connection: 'close' })
})

t.test('the owner of a taken port', async t => {
  const server = createServer()
  server.listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  t.equal(await portOwner('127.0.0.1', port), process.geteuid?.())
  t.equal(await portOwner('::1', port), undefined, 'on this address only')
  const busy = connect(port, '127.0.0.1')
  await once(busy, 'connect')
  t.equal(await portOwner('127.0.0.1', (busy.address() as AddressInfo).port), undefined, 'a port that only calls out is not taken')
  busy.destroy()
  const listening = (where: string, uid: number) => table({ ...row([where, 3447], ['0'.repeat(where.length), 0], uid, 5), state: '0A' })
  t.equal(await portOwner('127.0.0.1', 3447, reading([listening('00000000', 33)]).read), 33, 'on every address')
  t.equal(await portOwner('127.0.0.1', 3447, reading([table()], [listening('0'.repeat(32), 34)]).read), 34, 'on every address, of IPv6 too')
  t.equal(await portOwner('::1', 3447, reading([table()], [listening(v6, 35)]).read), 35)
  t.equal(await portOwner('127.0.0.1', 3447, reading([table()], [listening(v6, 35)]).read), undefined)
})

t.test('a stranger who comes first to the port of the trial at the start does not switch the check off', async t => {
  const strangers: Socket[] = []
  const comeFirst = () => {
    if (strangers.length > 0) return
    const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles(): unknown[] }
    const { port, address } = handles().flatMap(handle => (handle instanceof Server && handle.address()) || [])[0] as AddressInfo
    const stranger = new Socket()
    strangers.push(stranger.on('error', () => undefined).connect(port, address))
  }
  subscribe('net.client.socket', comeFirst)
  t.teardown(() => {
    unsubscribe('net.client.socket', comeFirst)
    for (const stranger of strangers) stranger.destroy()
  })
  /** What the kernel tells, but that the stranger is another user. */
  const readTable: ReadTable = async name => {
    const end = `:${(strangers[0]?.localPort ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
    const text = await readFile(`/proc/self/net/${name}`, 'latin1')
    const foreign = new RegExp(`^( *\\d+: [0-9A-F]+${end} (?:\\S+ ){5} *)\\d+`, 'gm')
    return text.replace(foreign, (_, before: string) => `${before}1001`)
  }
  const { state, why } = await startPeerCheck({ platform: 'linux', uid: process.geteuid?.(), isWsl: false, wanted: true, readTable })
  t.equal(state, 'on', why)
  t.equal(strangers.length, 1)
})
