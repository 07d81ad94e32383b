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
  /** Connections whose owner may be looked up at a time; 8,192 unless said. */
  mostPending?: number
  /** Hears of each connection that was refused because of whose it is. */
  refused: (why: HallpassError) => void
}

/** Connections beyond the limit, and of strangers, that are kept for an answer. Those beyond these end at once. */
const spare = 64

/** Connections whose owner is still looked up. That takes milliseconds, in which a crowd of strangers must not shut anybody out. */
const usuallyPending = 8_192

/** Bytes that are read of a stranger, so that he can take in his answer before the end. */
const mostOfStranger = 64 * 1024

type Crowd = { open: number; readonly most: number }

const beyond = new WeakMap<Socket, HallpassError>()

/** Gives the function that puts a server behind the door, before it listens. */
export function createDoor(parts: DoorParts): (server: Server) => void {
  const { peers, allowUids, limit, tooMany = 'too-many-connections', mostPending = usuallyPending, refused } = parts
  const full = new HallpassError(tooMany, { limit }, { fields: { Connection: 'close', 'Retry-After': '1' } })
  const callers: Crowd = { open: 0, most: limit + spare }
  const strangers: Crowd = { open: 0, most: spare }
  const pending: Crowd = { open: 0, most: mostPending }
  const admit = (socket: Socket, letIn: () => void) => {
    if (socket.destroyed) return
    const refusal = judgePeer(socket, peers, allowUids())
    if (refusal) refused(refusal)
    if (!enter(socket, refusal ? strangers : callers)) return
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
      const leave = enter(socket, pending)
      if (!leave) return
      const asked = identifyPeer(socket, peers)
      const known = () => {
        leave()
        admit(socket, letIn)
      }
      if (asked) asked.then(known)
      else known()
    })
  }
}

/** Refuses a request on a connection that is one too many. */
export function judgeRoom(socket: Socket): HallpassError | undefined {
  return beyond.get(socket)
}

/** Takes a place until the function is called or the connection closes; undefined, and the connection at its end, where none is left. */
function enter(socket: Socket, crowd: Crowd): (() => void) | undefined {
  crowd.open++
  let inside = true
  const leave = () => {
    if (inside) crowd.open--
    inside = false
    socket.off('close', leave)
  }
  socket.on('close', leave)
  if (crowd.open <= crowd.most) return leave
  socket.destroy()
  return undefined
}

function turnAway(socket: Socket, refusal: HallpassError): void {
  let read = 0
  socket.on('data', (chunk: Buffer) => {
    read += chunk.length
    if (read >= mostOfStranger) socket.pause()
  })
  socket.resume()
  endWith(socket, refusal)
}
