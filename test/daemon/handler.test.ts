// A request's first steps, each by itself: what is asked of whom before anything of ours, or the service, sees a request.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { createHandler, type HandlerParts } from '../../src/daemon/handler.ts'
import { callerKey } from '../../src/guard/caller-key.ts'
import { createDoor } from '../../src/guard/door.ts'
import type { Peers } from '../../src/guard/peers.ts'
import { serverOptions } from '../../src/guard/server-limits.ts'
import type { Event } from '../../src/journal/events.ts'
import { sendRaw } from '../fixtures/raw-http.ts'

const app = 'http://localhost:3000'
const ownUid = 61_000
const [keyOfCallers, keyOfApi] = ['for the services', 'for the control API']

/** A server of the handler whose parts only say who they are; `served` is what came to them. Its clients are of `uid`; the door lets in `letIn` too. */
async function listening(t: Test, { keyed = false, uid = ownUid, letIn = [] }: { keyed?: boolean; uid?: number; letIn?: number[] } = {}) {
  const served: string[] = []
  const events: Event[] = []
  const saying = (what: string) => (request: IncomingMessage, response: ServerResponse) => {
    served.push(`${what} ${request.method} ${request.url}`)
    response.writeHead(200, { 'Content-Length': what.length }).end(what)
  }
  const peers: Peers = { mode: 'strict', ownUid, ownerOf: async () => uid }
  const parts: HandlerParts = {
    policy: { port: 3447, extraHosts: new Set(), allowedOrigins: new Set([app]) },
    admission: {
      peers,
      allowUids: new Set(),
      key: keyed ? callerKey(keyOfCallers) : undefined,
      apiKey: callerKey(keyOfApi),
      fileOf: key => `/run/${key}`,
    },
    proxy: saying('proxy'),
    forwards: name => name === 'if-match',
    pages: saying('page'),
    api: saying('api'),
    callback: saying('callback'),
    isCallback: (_method, target) => target.startsWith('/-/callback?'),
    tell: event => void events.push(event),
  }
  const handler = createHandler(parts)
  const server = createServer(serverOptions, handler)
  server.on('checkContinue', (request, response) => handler(request, response, true))
  createDoor({ peers, allowUids: () => new Set(letIn), limit: 100, refused: () => undefined })(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  const { port } = server.address() as AddressInfo
  const send = (line: string, ...fields: string[]) =>
    sendRaw(port, `${[`${line}${/HTTP/.test(line) ? '' : ' HTTP/1.1'}`, ...fields, 'Connection: close'].join('\r\n')}\r\n\r\n`)
  const ask = async (line: string, ...fields: string[]) => {
    const answer = await send(line, ...(fields.some(field => /^host:/i.test(field)) ? fields : ['Host: localhost', ...fields]))
    return answer?.fields.get('hallpass-error') ?? (answer?.body || String(answer?.status))
  }
  return { port, served, events, send, ask }
}

const places = { callback: '/-/callback?code=x', api: '/-/api/status', page: '/-/sign-in/abc', proxy: '/fhir/Patient' }
const withApiKey = `Hallpass-Key: ${keyOfApi}`
const withKey = `Hallpass-Key: ${keyOfCallers}`
const navigating = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']

t.test('what is whose', async t => {
  const { ask } = await listening(t)
  for (const [what, ...targets] of [
    ['callback', '/-/callback?code=x'],
    ['api', '/-/api/status', '/-/api/'],
    ['page', '/', '/?x', '/-', '/-?x', '/-/', '/-/callback', '/-/sign-in', '/-/sign-in/abc', '/-/health/live', '/-/api', '/-/apis'],
    ['proxy', '/-x', '/fhir', '/fhir/-/api/status', '//-/api/status', '/x/../-/api/status', '/%2d/api/status'],
  ])
    for (const target of targets) t.equal(await ask(`GET ${target}`, withApiKey), what, target)
})

t.test('the rules without exceptions hold for every place, the redirect path too', async t => {
  const { ask, served } = await listening(t)
  for (const target of Object.values(places)) {
    t.equal(await ask(`GET ${target}`, withApiKey, 'Host: evil.com'), 'host-refused', target)
    t.equal(await ask(`GET ${target}`, withApiKey, 'Upgrade: websocket'), 'upgrade-refused', target)
    t.equal(await ask(`GET ${target}`, withApiKey, 'Sec-Purpose: prefetch'), 'prefetch-refused', target)
    t.equal(await ask(`GET ${target} HTTP/2.0`, withApiKey), 'request-malformed', target)
    t.equal(await ask(`TRACE ${target}`, withApiKey), 'method-refused', target)
    t.equal(await ask(`GET ${target}#x`, withApiKey), 'target-refused', target)
  }
  t.strictSame(served, [])
})

t.test('a page of another origin comes to the redirect path, and by a link to a page of ours; to nothing else', async t => {
  const { ask, served } = await listening(t)
  const cross = 'Sec-Fetch-Site: cross-site'
  t.equal(await ask('POST /-/callback?code=x', 'Origin: https://login.example', cross, ...navigating), 'callback')
  t.equal(await ask('GET /-/sign-in', cross, ...navigating), 'page', 'a link')
  served.length = 0
  for (const origin of ['https://evil.example', app]) {
    for (const target of ['/', '/-/sign-in', '/-/sign-in/abc', '/-/health/live', '/-/api/status']) {
      const fields = [`Origin: ${origin}`, withApiKey]
      const site = origin === app ? 'Sec-Fetch-Site: same-site' : cross
      for (const method of ['GET', 'POST', 'OPTIONS'])
        t.equal(
          await ask(`${method} ${target}`, ...fields, site, 'Sec-Fetch-Mode: cors'),
          'browser-refused',
          `${method} ${target} of ${origin}`,
        )
      for (const method of ['POST', 'HEAD'])
        t.equal(
          await ask(`${method} ${target}`, ...fields, site, ...navigating),
          'browser-refused',
          `a tab: ${method} ${target} of ${origin}`,
        )
      t.equal(
        await ask(`OPTIONS ${target}`, ...fields, 'Access-Control-Request-Method: POST'),
        'browser-refused',
        `a preflight of ${target}`,
      )
    }
    t.equal(await ask('GET /-/sign-in', cross, ...navigating, 'Content-Length: 1'), 'browser-refused', 'a link has no body')
  }
  t.equal(await ask('GET /fhir/Patient', cross, ...navigating), 'browser-refused')
  t.equal(await ask('GET /fhir/Patient', 'Origin: https://evil.example', cross), 'browser-refused')
  t.equal(await ask('GET /-/api/status', withApiKey, cross, ...navigating), 'browser-refused', 'nor by a link to the control API')
  t.strictSame(served, [])
  t.equal(await ask('GET /fhir/Patient', `Origin: ${app}`), 'proxy', 'an allowed app has the services')
})

t.test('a preflight is answered for services, and for an allowed origin only', async t => {
  const { ask, send, served } = await listening(t, { keyed: true })
  const wanted = ['Access-Control-Request-Method: PUT', 'Access-Control-Request-Headers: if-match, x-evil']
  const answer = await send('OPTIONS /fhir/Patient', 'Host: localhost', `Origin: ${app}`, ...wanted)
  t.equal(answer?.status, 204)
  t.equal(answer?.fields.get('access-control-allow-headers'), 'if-match')
  t.equal(await ask('OPTIONS /fhir/Patient', 'Origin: https://evil.example', ...wanted), 'browser-refused')
  t.equal(await ask('OPTIONS /fhir/Patient', ...wanted), 'key-required', 'without an Origin it is a request like others')
  t.equal(await ask('OPTIONS /fhir/Patient', `Origin: ${app}`), 'key-required', 'and without the method too')
  t.equal(await ask('PUT /fhir/Patient', `Origin: ${app}`, ...wanted), 'key-required', 'and by another method')
  t.strictSame(served, [])
})

t.test('each key opens its own places; links and the redirect path need none', async t => {
  const { ask, served } = await listening(t, { keyed: true })
  for (const target of ['/fhir/Patient', '/', '/-/sign-in', '/-/explain/x', '/-/nothing']) {
    for (const method of ['GET', 'POST', 'OPTIONS', 'DELETE'])
      for (const key of [[], [withApiKey], ['Hallpass-Key:']])
        t.equal(await ask(`${method} ${target}`, ...key), 'key-required', `${method} ${target} with ${key}`)
    if (target !== '/fhir/Patient')
      t.equal(
        await ask(`OPTIONS ${target}`, 'Origin: http://localhost', 'Access-Control-Request-Method: GET'),
        'key-required',
        `a preflight of our own page for ${target}`,
      )
    t.not(await ask(`GET ${target}`, withKey), 'key-required', target)
  }
  served.length = 0
  for (const method of ['GET', 'POST', 'OPTIONS'])
    for (const key of [[], [withKey], ['Hallpass-Key:']]) t.equal(await ask(`${method} /-/api/status`, ...key), 'key-required')
  t.strictSame(served, [])
  t.equal(await ask('GET /-/api/status', withApiKey), 'api')
  for (const target of ['/-/callback?code=x', '/-/sign-in/abc', '/-/health/live']) t.not(await ask(`GET ${target}`), 'key-required', target)
})

t.test('who was let in and is allowed no longer gets nothing at any place, with any key', async t => {
  const { ask, served } = await listening(t, { keyed: true, uid: 61_001, letIn: [61_001] })
  for (const target of Object.values(places))
    for (const key of [withKey, withApiKey]) t.equal(await ask(`GET ${target}`, key), 'peer-refused', target)
  t.strictSame(served, [])
})

t.test('a refusal is told without what was sent, and only an allowed page reads it', async t => {
  const { send, events } = await listening(t)
  const allowed = await send('GET /fhir/canary#x', 'Host: localhost', `Origin: ${app}`)
  t.equal(allowed?.fields.get('access-control-allow-origin'), app)
  for (const fields of [['Origin: https://evil.example'], ['Origin: null'], []])
    t.notOk((await send('GET /fhir/canary#x', 'Host: localhost', ...fields))?.fields.has('access-control-allow-origin'))
  t.strictSame(
    events,
    Array.from({ length: 4 }, () => ({ event: 'request-refused', code: 'target-refused', status: 400, method: 'GET', route: '' })),
  )
})

t.test('who asks whether to send a body is told so by what serves him, and a refusal comes instead', async t => {
  const { port } = await listening(t)
  const dial = async (target: string, ...fields: string[]): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(
      `${[`POST ${target} HTTP/1.1`, 'Host: localhost', 'Content-Length: 1', 'Expect: 100-continue', ...fields].join('\r\n')}\r\n\r\n`,
    )
    return socket
  }
  for (const [target, fields, first] of [
    ['/-/sign-in', [], '100'],
    ['/-/api/login', [withApiKey], '100'],
    ['/fhir/Patient', [], '200'],
    ['/-/sign-in', ['Origin: https://evil.example'], '403'],
    ['/-/api/login', [], '401'],
  ] as const) {
    const socket = await dial(target, ...fields)
    const [bytes] = await once(socket, 'data')
    t.equal(bytes.toString('latin1', 9, 12), first, `${target} ${fields}`)
    socket.destroy()
  }
})
