// Decides at the start whether the users behind connections can be told on this machine, by telling our own.
import { on, once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { HallpassError } from '../errors/hallpass-error.ts'
import { identifyPeer, judgePeer, type PeerMode, type Peers } from './peers.ts'
import { createOwnerLookup } from './socket-owner.ts'
import { type ReadTable, readSocketTable } from './socket-table.ts'

/** What is known of the check, for the daemon and for whoever asks how safe it is. */
export type PeerCheck = {
  peers: Peers
  state: 'on' | 'off' | 'unavailable'
  /** One sentence: what is checked, or why nothing is. */
  why: string
}

export type PeerSurroundings = {
  platform: NodeJS.Platform
  /** The effective user; undefined where there are no users by number. */
  uid: number | undefined
  /** Windows Subsystem for Linux. */
  isWsl: boolean
  wanted: boolean
  readTable?: ReadTable
}

/** Looks whether the check works here. Never rejects. */
export async function startPeerCheck({ platform, uid, isWsl, wanted, readTable }: PeerSurroundings): Promise<PeerCheck> {
  const ownerOf = createOwnerLookup(readTable ?? readSocketTable)
  const peersIn = (mode: PeerMode): Peers => ({ mode, ownUid: uid ?? -1, ownerOf })
  const without = (state: 'off' | 'unavailable', why: string) => ({ peers: peersIn('none'), state, why })
  if (!wanted) return without('off', 'switched off by access.peerCheck: every user of this machine is served')
  if (platform !== 'linux' || uid === undefined)
    return without('unavailable', 'this system does not tell who owns a connection: every user of this machine is served')
  const failed = await firstFailure(peersIn('strict'))
  if (failed !== undefined)
    return without(
      'unavailable',
      `the kernel does not show our own connection to ${failed} (a restricted /proc, gVisor, WSL 1): every user is served`,
    )
  if (isWsl)
    return {
      peers: peersIn('lenient'),
      state: 'on',
      why: 'WSL: other Linux users are refused; Windows programs cannot be told apart and are served',
    }
  return { peers: peersIn('strict'), state: 'on', why: `connections of other users than ${uid} are refused` }
}

/** The address on which our own connection is not recognised; undefined when all is well. */
async function firstFailure(peers: Peers): Promise<string | undefined> {
  for (const address of ['127.0.0.1', '::1']) if (!(await recognisesItself(address, peers))) return address
  return undefined
}

/** True when a connection to ourselves is taken for our own, and where the machine has no such address. */
async function recognisesItself(host: string, peers: Peers): Promise<boolean> {
  const server = createServer()
  if (!(await listens(server, host))) return true
  const arrivals = on(server, 'connection') as AsyncIterable<[Socket]>
  const client = connect((server.address() as { port: number }).port, host)
  try {
    await once(client, 'connect')
    const socket = await arrivalOf(client, arrivals)
    await identifyPeer(socket, peers)
    const refusal = judgePeer(socket, peers, new Set())
    socket.destroy()
    return refusal === undefined
  } finally {
    client.destroy()
    server.close()
  }
}

/** Threat: another user who comes to the port first, and is refused, must not make us think that nobody can be told apart. */
async function arrivalOf({ localPort }: Socket, arrivals: AsyncIterable<[Socket]>): Promise<Socket> {
  for await (const [socket] of arrivals) {
    if (socket.remotePort === localPort) return socket
    socket.destroy()
  }
  throw new HallpassError('internal', { what: 'a server ended while it was waited for' })
}

function listens(server: Server, host: string): Promise<boolean> {
  return new Promise(resolve => {
    server.once('error', () => resolve(false))
    server.listen({ host, port: 0, ipv6Only: true }, () => resolve(true))
  })
}
