// How many connections clients may hold: those beyond it are told so, and those far beyond it are not taken.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { answerError } from '../errors/answer.ts'
import { HallpassError } from '../errors/hallpass-error.ts'

/** Connections beyond the limit that still get an answer. */
const spare = 64

/** Watches the server's connections; the function answers a request on one that is too many, and says whether it did. */
export function limitConnections(server: Server, limit: number): (request: IncomingMessage, response: ServerResponse) => boolean {
  const beyond = new WeakSet<Socket>()
  let open = 0
  server.maxConnections = limit + spare
  server.on('connection', socket => {
    if (++open > limit) beyond.add(socket)
    socket.once('close', () => open--)
  })
  return (request, response) => {
    if (!beyond.has(request.socket)) return false
    answerError(
      response,
      new HallpassError('too-many-connections', { limit }, { fields: { Connection: 'close', 'Retry-After': '1' } }),
      'program',
    )
    return true
  }
}
