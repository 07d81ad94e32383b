// Listens on both loopback addresses at one port, or on none: a stranger on the other address would receive what is meant for us.
import type { Server } from 'node:http'
import { HallpassError } from '../errors/hallpass-error.ts'
import { portOwner } from '../guard/port-owner.ts'

const addresses = ['127.0.0.1', '::1'] as const

export type Listening = {
  port: number
  /** The addresses in use; only the first on a machine without IPv6. */
  addresses: string[]
  servers: Server[]
}

/** How often a free port is looked for that is free on both addresses. */
const tries = 20

/** Opens the port on 127.0.0.1 and ::1 (0 takes a free one). Rejects with port-taken or port-refused, with nothing left open. */
export async function listenOnLoopback(port: number, createServer: () => Server): Promise<Listening> {
  for (let round = 1; ; round++) {
    try {
      return await listenOnce(port, createServer)
    } catch (error) {
      if (port !== 0 || round === tries || !(error instanceof HallpassError) || error.code !== 'port-taken') throw error
    }
  }
}

async function listenOnce(wanted: number, createServer: () => Server): Promise<Listening> {
  const servers: Server[] = []
  const opened: string[] = []
  let port = wanted
  try {
    for (const address of addresses) {
      const server = createServer()
      if (!(await listen(server, port, address))) continue
      servers.push(server)
      opened.push(address)
      port = portOf(server)
    }
    return { port, addresses: opened, servers }
  } catch (error) {
    for (const server of servers) server.close()
    throw error
  }
}

/** False when the machine has no such address. */
function listen(server: Server, port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (host === '::1' && ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EPROTONOSUPPORT'].includes(String(error.code))) resolve(false)
      else asFailure(error, port, host).then(reject, reject)
    })
    server.listen({ port, host }, () => resolve(true))
  })
}

async function asFailure(error: NodeJS.ErrnoException, port: number, address: string): Promise<HallpassError> {
  if (error.code === 'EADDRINUSE')
    return new HallpassError('port-taken', { port, address, owner: describeOwner(await portOwner(address, port)) }, { cause: error })
  const why = error.code === 'EACCES' ? 'permission denied' : String(error.code)
  return new HallpassError('port-refused', { port, address, why }, { cause: error })
}

/** Another user who sits on the port waits for requests that are meant for us: worth a name. */
function describeOwner(uid: number | undefined): string {
  if (uid === undefined) return ''
  return uid === process.geteuid?.() ? ' of yours' : ` of another user (uid ${uid})`
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}
