// Listens on the port of a redirect URI that is not the daemon's own, for as long as a sign-in needs it.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { answerError } from '../errors/answer.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { type Admission, judgeUser } from '../guard/admission.ts'
import { createDoor, judgeRoom } from '../guard/door.ts'
import { readHead } from '../guard/head.ts'
import { judgeHead, judgeVersion, type Policy } from '../guard/judge.ts'
import { answerClientError, applyServerLimits, serverOptions } from '../guard/server-limits.ts'
import type { Clock } from '../terms/edges.ts'
import { pathOf } from '../terms/request-target.ts'
import { type Listening, listenOnLoopback } from './listen.ts'

type Handle = (request: IncomingMessage, response: ServerResponse) => void

export type RedirectListenerParts = {
  clock: Clock
  policy: Policy
  admission: Admission
  callback: Handle
  isCallback: (method: string, target: string) => boolean
  /** The page that shows how a sign-in ended. */
  pages: Handle
  /** Hears of each connection that was refused because of whose it is. */
  refused: (why: HallpassError) => void
}

/** Opens a port on both loopbacks until it is released. Rejects with redirect-port-taken or port-refused. */
export type HoldPort = (port: number) => Promise<() => void>

/** Milliseconds that the port stays open after a sign-in, for its last page. */
const lingering = 10_000

/** Connections at a time: one browser comes here, with a few. */
const connections = 64

/** Sign-ins that need the same port share it. */
export function createRedirectListener(parts: RedirectListenerParts): { hold: HoldPort; close(): void } {
  const held = new Map<number, { listening: Promise<Listening>; holders: number }>()
  const close = async ({ listening }: { listening: Promise<Listening> }) => {
    // Whoever wanted the port hears why there is none.
    for (const server of await listening.then(({ servers }) => servers, nothing)) {
      server.close()
      server.closeAllConnections()
    }
  }
  const release = (port: number) => {
    const entry = held.get(port)
    if (!entry || --entry.holders > 0) return
    held.delete(port)
    close(entry)
  }
  return {
    hold: async port => {
      const entry = held.get(port) ?? { listening: listen(parts, port), holders: 0 }
      held.set(port, entry)
      entry.holders++
      try {
        await entry.listening
      } catch (error) {
        if (held.get(port) === entry) held.delete(port)
        throw asRedirectFailure(error)
      }
      return () => void parts.clock.after(lingering, () => release(port))
    },
    close: () => {
      for (const entry of held.values()) close(entry)
      held.clear()
    },
  }
}

const nothing = (): Listening['servers'] => []

function asRedirectFailure(error: unknown): unknown {
  if (!(error instanceof HallpassError) || error.code !== 'port-taken') return error
  return new HallpassError('redirect-port-taken', error.particulars, { cause: error })
}

function listen(parts: RedirectListenerParts, port: number): Promise<Listening> {
  const { peers, allowUids } = parts.admission
  const { refused } = parts
  const door = createDoor({ peers, allowUids: () => allowUids, limit: connections, tooMany: 'redirect-port-busy', refused })
  return listenOnLoopback(port, () => {
    const server = createServer(serverOptions, (request, response) => answer(parts, request, response))
    applyServerLimits(server)
    door(server)
    server.on('clientError', (error, socket) => answerClientError(error, socket as Socket))
    return server
  })
}

function answer(
  { policy, admission, callback, isCallback, pages }: RedirectListenerParts,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const { method = '', url: target = '', httpVersion, socket } = request
  const refusal =
    judgeVersion(httpVersion) ??
    judgeHead(method, target, readHead(request.rawHeaders), policy) ??
    judgeUser(socket, admission) ??
    judgeRoom(socket)
  if (refusal) return answerError(response, refusal, 'program')
  if (isCallback(method, target)) return callback(request, response)
  if (method === 'GET' && pathOf(target).startsWith('/-/sign-in/')) return pages(request, response)
  answerError(response, new HallpassError('no-route', { routes: 'none on this port' }), 'program')
}
