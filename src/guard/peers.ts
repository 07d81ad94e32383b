// Which user of this machine is at the other end of a connection: asked once for each, before a byte of it is read.
import { readlinkSync } from 'node:fs'
import type { Socket } from 'node:net'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Owner, OwnerOf } from './socket-owner.ts'

/**
 * `strict`: only known users. `lenient`: also root, and who is in no table, for WSL, where Windows programs come through a
 * relay of root's or from outside. `none`: nothing is asked.
 */
export type PeerMode = 'strict' | 'lenient' | 'none'

export type Peers = {
  mode: PeerMode
  /** Our own user. */
  ownUid: number
  ownerOf: OwnerOf
}

/** On a socket: whose the other end is. */
const owner = Symbol('owner')
type Owned = Socket & { [owner]?: Owner; _handle?: { fd?: number } | null }

/**
 * Looks up who owns the other end; resolves once it is known, and never rejects. Undefined where nothing is asked. While the client is there, the
 * answer holds for as long as the connection does.
 */
export function identifyPeer(socket: Socket, peers: Peers): Promise<void> | undefined {
  if (peers.mode === 'none') return undefined
  return ask(socket, peers).then(uid => {
    const owned: Owned = socket
    owned[owner] = uid
  })
}

/**
 * Refuses the connection of another user, or of nobody who is still there. To be asked once identifyPeer is through. Users in `allowUids`
 * are served; root only when it is among them.
 */
export function judgePeer(socket: Socket, { mode, ownUid }: Peers, allowUids: ReadonlySet<number>): HallpassError | undefined {
  if (mode === 'none') return undefined
  const { [owner]: uid } = socket as Owned
  const isNumber = typeof uid === 'number'
  if (isNumber && (uid === ownUid || allowUids.has(uid))) return undefined
  if (mode === 'lenient' && (uid === 'unlisted' || uid === 0)) return undefined
  if (isNumber) return new HallpassError('peer-refused', { uid }, closing)
  return new HallpassError('peer-unknown', {}, closing)
}

const closing = { fields: { Connection: 'close' } }

async function ask(socket: Owned, { ownerOf }: Peers): Promise<Owner> {
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = socket
  const inode = inodeOf(socket)
  return inode === undefined ? undefined : ownerOf({ localAddress, localPort, remoteAddress, remotePort, inode })
}

/** The inode of an accepted socket, by the name of its descriptor; undefined when it is closed already. */
function inodeOf({ _handle }: Owned): string | undefined {
  // There is no public way to a socket's descriptor.
  const fd = _handle?.fd
  if (fd === undefined || fd < 0) return undefined
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}

/** A neighbour's packet can reach a socket that is bound to 127.0.0.1 where the kernel was told to route it there (CVE-2020-8558). */
export function isOverLoopback({ remoteAddress, localAddress }: Socket): boolean {
  return isLoopbackAddress(remoteAddress) && isLoopbackAddress(localAddress)
}

function isLoopbackAddress(address: string | undefined): boolean {
  return address === '::1' || /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(address ?? '')
}
