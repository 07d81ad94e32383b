// How many connections callers may hold: who comes beyond is told so, and strangers take no place from those who are served.
import type { Server, Socket } from 'node:net'
import { HallpassError } from '../errors/hallpass-error.ts'
import { peerPending } from './peers.ts'

export type ConnectionLimit = {
  /** Connections that are served at a time, over all servers that are watched. */
  limit: number
  /** Whether a connection belongs to somebody who is not served; asked once its owner is known. */
  isStranger: (socket: Socket) => boolean
}

/** Connections beyond the limit, and of strangers, that are kept for an answer. Those beyond these end at once. */
const spare = 64

/** Connections whose owner is still looked up. That takes milliseconds, in which a crowd of strangers must not shut anybody out. */
const unknown = 4_096

const beyond = new WeakMap<Socket, number>()

/** Gives the function that watches a server's connections. To be used after watchPeers. */
export function createConnectionLimit({ limit, isStranger }: ConnectionLimit): (server: Server) => void {
  const callers = { open: 0, most: limit + spare }
  const strangers = { open: 0, most: spare }
  const count = (socket: Socket, among: typeof callers) => {
    if (socket.destroyed) return
    among.open++
    socket.once('close', () => among.open--)
    if (among.open > among.most) socket.destroy()
  }
  const take = (socket: Socket) => {
    if (isStranger(socket)) return count(socket, strangers)
    count(socket, callers)
    if (callers.open > limit) beyond.set(socket, limit)
  }
  return server => {
    server.maxConnections = limit + 2 * spare + unknown
    server.on('connection', socket => {
      const pending = peerPending(socket)
      if (pending) pending.then(() => take(socket))
      else take(socket)
    })
  }
}

/** Refuses a request on a connection that is one too many. To be asked once peerPending says undefined. */
export function judgeRoom(socket: Socket): HallpassError | undefined {
  const limit = beyond.get(socket)
  if (limit === undefined) return undefined
  return new HallpassError('too-many-connections', { limit }, { fields: { Connection: 'close', 'Retry-After': '1' } })
}
