// A corporate proxy: takes CONNECT only (RFC 9110 section 9.3.6), and leads every name to a server of the test.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import type { Test } from 'tap'

export type ConnectProxy = {
  url: string
  /** What it was asked to connect to. */
  asked: string[]
  /** Ends its connections and takes no more. */
  stop(): void
}

/** Listens until the test ends. With `credentials` (`user:password`) it refuses whoever does not send them; with `tls` it is spoken to by TLS. */
export async function startConnectProxy(
  t: Test,
  options: { to: (target: string) => number; credentials?: string; refuse?: number; tls?: { cert: string; key: string } },
): Promise<ConnectProxy> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const expected = options.credentials && `Basic ${Buffer.from(options.credentials).toString('base64')}`
  const server = (options.tls ? createTlsServer(options.tls) : createServer()).on('request', (_request, response) =>
    response.writeHead(405).end(),
  )
  server.on('connect', ({ url = '', headers }, stream) => {
    const socket = stream as Socket
    sockets.add(socket.on('error', () => socket.destroy()))
    asked.push(url)
    const status = options.refuse ?? (expected && headers['proxy-authorization'] !== expected ? 407 : 200)
    if (status !== 200) return socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`)
    const onward = connect(options.to(url), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    sockets.add(onward.on('error', () => socket.destroy()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(stop)
  const { port } = server.address() as { port: number }
  return { url: options.tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`, asked, stop }
}
