// Lets a connection in once it is known whose it is, and while there is place. No byte of a stranger is parsed: he gets a word, and takes no place.
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { ErrorCode } from '../errors/table.ts'
import { identifyPeer, isOverLoopback, judgePeer, type Peers } from './peers.ts'
import { endWith } from './server-limits.ts'

export type DoorParts = {
  peers: Peers
  /** Users beside our own who are let in, by their numbers. */
  allowUids: () => ReadonlySet<number>
  /** Connections that are served at a time, over all servers behind the door. */
  limit: number
  /** What a request on a connection beyond the limit is told; unless said, which setting raises it. */
  tooMany?: ErrorCode
  /** Hears of each connection that was refused because of whose it is. */
  refused: (why: HallpassError) => void
}

/** Connections beyond the limit, and of strangers, that are kept for an answer. Those beyond these end at once. */
const spare = 64

/** Connections whose owner is still looked up. That takes milliseconds, in which a crowd of strangers must not shut anybody out. */
const mostPending = 4_096

type Crowd = { open: number; readonly most: number }

const beyond = new WeakMap<Socket, HallpassError>()

/** Gives the function that puts a server behind the door, before it listens. */
export function createDoor({ peers, allowUids, limit, tooMany = 'too-many-connections', refused }: DoorParts): (server: Server) => void {
  const full = new HallpassError(tooMany, { limit }, { fields: { Connection: 'close', 'Retry-After': '1' } })
  const callers: Crowd = { open: 0, most: limit + spare }
  const strangers: Crowd = { open: 0, most: spare }
  const admit = (socket: Socket, letIn: () => void) => {
    if (socket.destroyed) return
    const refusal = judgePeer(socket, peers, allowUids())
    if (refusal) refused(refusal)
    if (!hasPlace(socket, refusal ? strangers : callers)) return
    if (refusal) return turnAway(socket, refusal)
    if (callers.open > limit) beyond.set(socket, full)
    letIn()
  }
  return server => {
    const listeners = server.listeners('connection')
    server.removeAllListeners('connection')
    // An option of net's, which http does not pass on: nothing is read before the door opens.
    Object.assign(server, { pauseOnConnect: true, maxConnections: limit + 2 * spare + mostPending })
    server.on('connection', (socket: Socket) => {
      if (!isOverLoopback(socket)) return void socket.destroy()
      socket.on('error', () => socket.destroy())
      const letIn = () => {
        if (!server.listening) return void socket.destroy()
        for (const listener of listeners) listener.call(server, socket)
        socket.resume()
      }
      const pending = identifyPeer(socket, peers)
      if (pending) pending.then(() => admit(socket, letIn))
      else admit(socket, letIn)
    })
  }
}

/** Refuses a request on a connection that is one too many. */
export function judgeRoom(socket: Socket): HallpassError | undefined {
  return beyond.get(socket)
}

function hasPlace(socket: Socket, crowd: Crowd): boolean {
  crowd.open++
  socket.once('close', () => crowd.open--)
  if (crowd.open <= crowd.most) return true
  socket.destroy()
  return false
}

function turnAway(socket: Socket, refusal: HallpassError): void {
  // What he sends is thrown away.
  socket.resume()
  endWith(socket, refusal)
}
