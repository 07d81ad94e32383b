// The daemon's life: its sockets open together and close together.
import { chmodSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { findInstances } from '../control/client/instances.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { removePrivateFile, securePrivateFolder, unsafe } from '../files/private-files.ts'
import { createDoor } from '../guard/door.ts'
import type { Peers } from '../guard/peers.ts'
import { answerClientError, applyServerLimits, refuseConnect, serverOptions } from '../guard/server-limits.ts'
import type { Tell } from '../journal/events.ts'
import type { Clock } from '../terms/edges.ts'
import type { Handler } from './handler.ts'
import { removeInstance, socketPathOf, writeInstance } from './instance.ts'
import { type Listening, listenOnLoopback } from './listen.ts'
import { reportRefused } from './refused-connections.ts'
import type { RunKeys } from './run-keys.ts'

export type DaemonLimits = {
  /** Milliseconds for a request's head to arrive. */
  headTimeout: number
  /** Bytes of a request's head. */
  maxHeadBytes: number
  maxConnections: number
}

export type DaemonParts = {
  platform: NodeJS.Platform
  /** Folder of the instance file and the control socket. */
  runtime: string
  port: number
  pid: number
  vault: string
  clock: Clock
  handler: Handler
  peers: Peers
  /** Users beside our own who are let in, by their numbers. */
  allowUids: () => ReadonlySet<number>
  tell: Tell
  limits: DaemonLimits
  keys: RunKeys
  socketApi: FastifyInstance
}

export type Daemon = {
  port: number
  addresses: string[]
  /** Closes the sockets; exchanges under way have `graceMs` milliseconds to end. */
  close(graceMs: number): Promise<void>
}

/** Fails early, before anything is opened, when another daemon is in the way. Throws already-running, vault-in-use, state-folder-unsafe. */
export async function refuseSecondDaemon(runtime: string, port: number, vault: string): Promise<void> {
  securePrivateFolder(runtime)
  for (const other of await findInstances(runtime)) {
    if (other.port === port) throw new HallpassError('already-running', { pid: other.pid, port })
    if (vault !== 'memory' && other.vault !== 'memory') throw new HallpassError('vault-in-use', { pid: other.pid, port: other.port })
  }
}

/** Opens the port on both loopback addresses, then the control socket, then says so in the instance file. */
export async function startDaemon(parts: DaemonParts): Promise<Daemon> {
  const { runtime, clock } = parts
  const door = createDoor({ ...parts, limit: parts.limits.maxConnections, refused: reportRefused(parts.tell, clock) })
  const listening = await listenOnLoopback(parts.port, () => createProxyServer(parts, door))
  const socket = socketPathOf(parts.platform, runtime, listening.port)
  try {
    parts.keys.publish(runtime, listening.port)
    await listenForControl(parts.socketApi, socket, parts.platform)
    writeInstance(runtime, {
      version: 1,
      pid: parts.pid,
      port: listening.port,
      socket,
      vault: parts.vault,
      startedAt: new Date(clock.now()).toISOString(),
    })
  } catch (error) {
    parts.keys.withdraw()
    await closeServers(listening.servers, 0, clock)
    await parts.socketApi.close()
    throw error
  }
  return {
    port: listening.port,
    addresses: listening.addresses,
    close: async graceMs => {
      removeInstance(runtime, listening.port)
      parts.keys.withdraw()
      await closeServers(listening.servers, graceMs, clock)
      await parts.socketApi.close()
    },
  }
}

function createProxyServer({ handler, limits }: DaemonParts, door: (server: Server) => void): Server {
  const { headTimeout, maxHeadBytes } = limits
  const server = createServer({ ...serverOptions, headersTimeout: headTimeout, maxHeaderSize: maxHeadBytes }, handler)
  applyServerLimits(server)
  door(server)
  server.on('checkContinue', (request, response) => handler(request, response, true))
  // RFC 9110 section 10.1.1 lets a server pass over an expectation that it does not know.
  server.on('checkExpectation', (request, response) => handler(request, response))
  server.on('connect', (_request, socket) => refuseConnect(socket as Socket))
  server.on('clientError', (error, socket) => answerClientError(error, socket as Socket))
  return server
}

/** The folder is closed to others already; the socket's own mode is the second lock. */
async function listenForControl(api: FastifyInstance, socket: string, platform: NodeJS.Platform): Promise<void> {
  if (platform !== 'win32' && !removePrivateFile(socket)) throw unsafe(socket, 'it cannot be removed')
  await api.listen({ path: socket })
  if (platform !== 'win32') chmodSync(socket, 0o600)
}

async function closeServers(servers: Listening['servers'], graceMs: number, clock: Clock): Promise<void> {
  const closed = servers.map(server => new Promise<void>(resolve => server.close(() => resolve())))
  for (const server of servers) server.closeIdleConnections()
  const timer = clock.after(graceMs, () => {
    for (const server of servers) server.closeAllConnections()
  })
  await Promise.all(closed)
  timer.cancel()
}
