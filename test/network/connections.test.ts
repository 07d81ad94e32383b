// The connections to one origin: bounded, each for one request at a time, and none is lost by a failure.
import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { buildConnector, type Dispatcher } from 'undici'
import { Connections } from '../../src/network/connections.ts'
import { createAuthority } from '../fixtures/authority.ts'

/** The connections to an origin that answers so, and how many it had open at most. */
async function connect(t: Test, most: number, listener: RequestListener): Promise<{ connections: Connections; opened: () => number }> {
  let opened = 0
  const server = createServer(listener).on('connection', () => opened++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const connections = new Connections(origin, buildConnector({}), most, { pipelining: 1, maxHeaderSize: 16_384 })
  t.teardown(async () => {
    await connections.destroy()
    server.close().closeAllConnections()
  })
  return { connections, opened: () => opened }
}

const get = async (connections: Connections, path: string, headers: Record<string, string> = {}) => {
  const { body } = await connections.request({ path, method: 'GET', headers })
  return body.text()
}

t.test('requests beyond the connections wait for one, in the order in which they came', async t => {
  const arrived: string[] = []
  const held: ServerResponse[] = []
  const { connections, opened } = await connect(t, 2, ({ url = '' }, response) => {
    arrived.push(url)
    if (arrived.length === 2) for (const first of [...held, response]) first.end('served')
    else if (arrived.length === 1) held.push(response)
    else response.end('served')
  })
  const answers = await Promise.all(['/1', '/2', '/3', '/4', '/5', '/6'].map(path => get(connections, path)))
  t.strictSame(answers, Array(6).fill('served'))
  t.strictSame(arrived.slice(0, 2).sort(), ['/1', '/2'])
  t.strictSame(arrived.slice(2, 4).sort(), ['/3', '/4'])
  t.equal(opened(), 2)
})

t.test('one request after the other needs no more than two connections', async t => {
  const { connections, opened } = await connect(t, 16, (_request, response) => response.end('served'))
  for (let round = 0; round < 5; round++) t.equal(await get(connections, '/'), 'served')
  t.ok(opened() <= 2)
})

t.test('no failure takes a connection away, and one that broke is not used again', async t => {
  const { connections, opened } = await connect(t, 1, ({ url }, response) => {
    if (url === '/breaks') response.socket?.destroy()
    else if (url === '/stops') response.writeHead(200, { 'Content-Length': 100 }).write('half', () => response.socket?.destroy())
    else response.end('served')
  })
  await t.rejects(get(connections, '/breaks'))
  t.equal(await get(connections, '/'), 'served')
  await t.rejects(get(connections, '/stops'))
  t.equal(await get(connections, '/'), 'served')
  t.equal(opened(), 3)
  await t.rejects(get(connections, '/', { field: 'a\nb' }), { code: 'UND_ERR_INVALID_ARG' })
  await t.rejects(connections.request({ path: '/', method: 'GET', signal: AbortSignal.abort() }))
  t.strictSame(await Promise.all([get(connections, '/'), get(connections, '/'), get(connections, '/')]), Array(3).fill('served'))
  t.ok(opened() <= 4)
})

t.test('an origin that is not there fails every request, and is tried anew by the next', async t => {
  const { connections } = await connect(t, 1, (_request, response) => response.end('served'))
  const nowhere = new Connections('http://127.0.0.1:1', buildConnector({}), 1, { pipelining: 1, maxHeaderSize: 16_384 })
  t.teardown(() => nowhere.destroy())
  for (let round = 0; round < 3; round++) await t.rejects(get(nowhere, '/'), { code: 'ECONNREFUSED' })
  await t.rejects(Promise.any([get(nowhere, '/1'), get(nowhere, '/2'), get(nowhere, '/3')]))
  t.equal(await get(connections, '/'), 'served')
})

t.test('an origin with a certificate for another name fails every request, and takes no connection away', async t => {
  const authority = await createAuthority()
  const server = createSecureServer(await authority.issue(['elsewhere.example']), (_request, response) => response.end('served'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connections = new Connections(`https://localhost:${port}`, buildConnector({ ca: authority.certificate }), 1, {
    pipelining: 1,
    maxHeaderSize: 16_384,
  })
  t.teardown(async () => {
    await connections.destroy()
    server.close()
  })
  const code = 'ERR_TLS_CERT_ALTNAME_INVALID'
  for (let round = 0; round < 2; round++) await t.rejects(get(connections, '/'), { code })
  await Promise.all(['/1', '/2', '/3'].map(path => t.rejects(get(connections, path), { code })))
  server.setSecureContext(await authority.issue(['localhost']))
  t.equal(await get(connections, '/'), 'served', 'once its name is right')
})

t.test('who has gone while his request waited costs nothing: it is not sent, and breaks no connection', async t => {
  const asked: string[] = []
  const held: ServerResponse[] = []
  let arrive: () => void = () => undefined
  const arrived = new Promise<void>(resolve => {
    arrive = resolve
  })
  const { connections, opened } = await connect(t, 1, ({ url = '' }, response) => {
    asked.push(url)
    if (url !== '/first') return void response.end('served')
    held.push(response)
    arrive()
  })
  const first = get(connections, '/first')
  await arrived
  const gone: Dispatcher.DispatchHandler & { over: boolean } = { over: true, onConnect: () => t.fail('sent all the same') }
  connections.dispatch({ path: '/gone', method: 'GET' }, gone)
  const last = get(connections, '/last')
  held[0]?.end('served')
  t.strictSame(await Promise.all([first, last]), ['served', 'served'])
  t.strictSame([asked, opened()], [['/first', '/last'], 1])
})

t.test('at the end what is under way, what waits and what comes later fail', async t => {
  let arrive: () => void
  const arrived = new Promise<void>(resolve => {
    arrive = resolve
  })
  const { connections } = await connect(t, 1, () => arrive())
  const ends = [get(connections, '/1'), get(connections, '/2')].map(ending => t.rejects(ending, { code: 'UND_ERR_DESTROYED' }))
  await arrived
  await connections.destroy()
  await Promise.all(ends)
  await t.rejects(get(connections, '/3'), { code: 'UND_ERR_DESTROYED' })
})
