// Serves a Fastify application on both loopback addresses at one port.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'

export type Listening = {
  /** `http://localhost:PORT` */
  origin: string
  /** Ends at once, open connections too. */
  close: () => Promise<void>
}

type Watch = (request: IncomingMessage, response: ServerResponse) => void

const attempts = 20

/**
 * Listens on 127.0.0.1 and [::1] (on a host without IPv6 on 127.0.0.1 only). Port 0 takes any that is free on both.
 * Rejects in one plain sentence when the port is taken on either: `localhost` could otherwise lead to somebody else.
 */
export async function listenOnLoopbacks(app: FastifyInstance, port: number, watch: Watch): Promise<Listening> {
  await app.ready()
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    watch(request, response)
    if (isLoopbackHost(request.headers.host)) app.routing(request, response)
    else refuseHost(response)
  }
  const servers = await listenOnBoth(handle, port)
  return {
    origin: `http://localhost:${portOf(servers[0])}`,
    close: async () => {
      await Promise.all(servers.map(closeServer))
      await app.close()
    },
  }
}

async function listenOnBoth(handle: Watch, wanted: number): Promise<Server[]> {
  for (let attempt = 1; ; attempt++) {
    const first = await listen(handle, '127.0.0.1', wanted)
    const port = portOf(first)
    try {
      return [first, await listen(handle, '::1', port)]
    } catch (error) {
      if (hasNoIpv6(error)) return [first]
      await closeServer(first)
      if (wanted !== 0 || attempt === attempts) throw error
    }
  }
}

function listen(handle: Watch, host: string, port: number): Promise<Server> {
  // Time-outs as Fastify sets them: an upload may take its time, and a client's pool must not meet connections that we just closed.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 72_000 }, handle)
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(asPlainError(error, host, port)))
    server.listen({ host, port, ipv6Only: true }, () => resolve(server))
  })
}

class ListenError extends Error {
  readonly code: string | undefined
  constructor(message: string, code: string | undefined) {
    super(message)
    this.code = code
  }
}

function asPlainError(error: NodeJS.ErrnoException, host: string, port: number): ListenError {
  const reasons: Record<string, string> = { EADDRINUSE: 'it is taken', EACCES: 'this user may not have it' }
  return new ListenError(`cannot listen on port ${port} of ${host}: ${reasons[error.code ?? ''] ?? error.message}`, error.code)
}

function hasNoIpv6(error: unknown): boolean {
  return error instanceof ListenError && (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT')
}

function portOf(server: Server | undefined): number {
  const address = server?.address()
  if (!address || typeof address === 'string') throw new Error('the server does not listen on TCP')
  return address.port
}

function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  server.closeAllConnections()
  return closed
}

/** A page that had its own name rebound to loopback can be told from a local client by nothing but Host. */
function isLoopbackHost(host: string | undefined): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/.test(host ?? '')
}

function refuseHost(response: ServerResponse): void {
  response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
  response.end('This is the hallpass sandbox: reach it as localhost, 127.0.0.1 or [::1].\n')
}
