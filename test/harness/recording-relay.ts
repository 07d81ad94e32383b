// A TCP relay in front of an origin that cannot tell who called: it notes the heads of the requests that pass.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

export type RecordingRelay = { origin: string /** Request lines and fields, each head as one text. */; heads: string[] }

/** Relays to a port of this machine until the test ends. */
export async function startRecordingRelay(t: Test, port: number): Promise<RecordingRelay> {
  const heads: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer(caller => {
    const origin = connect(port, '127.0.0.1')
    for (const socket of [caller, origin]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    }
    caller.on('data', chunk => {
      heads.push(...(chunk.toString('latin1').match(/^[A-Z]+ \S+ HTTP\/1\.1\r\n(?:[^\r\n]+\r\n)*/gm) ?? []))
    })
    caller.pipe(origin).pipe(caller)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heads }
}
