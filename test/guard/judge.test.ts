// Who may call, and what: every rule on the request head, through node's own parser on a real socket.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import t, { type Test } from 'tap'
import { answerError } from '../../src/errors/answer.ts'
import { isNavigation, readHead } from '../../src/guard/head.ts'
import { judgeHead, judgeOrigin, type Policy } from '../../src/guard/judge.ts'
import { answerClientError, applyServerLimits, serverOptions } from '../../src/guard/server-limits.ts'
import { sendRaw } from '../fixtures/raw-http.ts'

const strict: Policy = { port: 3447, extraHosts: new Set(), allowedOrigins: new Set() }
const withApp: Policy = { ...strict, allowedOrigins: new Set(['http://localhost:3000']) }
const withName: Policy = { ...strict, extraHosts: new Set(['host.docker.internal']) }

/** A server that says `served` to whatever the guard lets in. */
async function listen(policy: Policy): Promise<number> {
  const server = createServer(serverOptions, (request, response) => {
    const { method = '', url = '' } = request
    const head = readHead(request.rawHeaders)
    const refusal = judgeHead(method, url, head, policy) ?? judgeOrigin(method, head, policy)
    if (refusal) answerError(response, refusal, 'program')
    else response.writeHead(200, { 'Content-Length': 0 }).end()
  })
  applyServerLimits(server)
  server.on('clientError', (error, socket) => answerClientError(error, socket as Socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  return (server.address() as AddressInfo).port
}

const [strictPort, appPort, namePort] = await Promise.all([listen(strict), listen(withApp), listen(withName)])

/** The code of the refusal, or `served`. */
async function verdict(port: number, text: string): Promise<string> {
  const answer = await sendRaw(port, text)
  if (!answer) return 'no answer'
  return answer.status === 200 ? 'served' : (answer.fields.get('hallpass-error') ?? `a bare ${answer.status}`)
}

const get = (...fields: string[]) => `GET /fhir/Patient HTTP/1.1\r\n${fields.map(field => `${field}\r\n`).join('')}\r\n`
const post = (...fields: string[]) => get(...fields).replace('GET', 'POST')
const own = 'Host: localhost:3447'

type Vector = [sentence: string, request: string, expected: string]

async function holds(t: Test, port: number, vectors: Vector[]): Promise<void> {
  for (const [sentence, request, expected] of vectors) t.equal(await verdict(port, request), expected, sentence)
}

t.test('Host: three names of this machine, once, and nothing that looks like them', async t => {
  const served = ['localhost', 'localhost:3447', 'LocalHost:3447', '127.0.0.1', '127.0.0.1:8080', '[::1]', '[::1]:3447', 'localhost:1']
  for (const host of served) t.equal(await verdict(strictPort, get(`Host: ${host}`)), 'served', host)
  const refused = [
    ...[
      '',
      ' ',
      'evil.com',
      'localhost.evil.com',
      'evil-localhost',
      'xlocalhost',
      'localhost.',
      'localhost6',
      'localhost:',
      'localhost:123456',
    ],
    ...[
      'localhost:80a',
      'localhost: 80',
      'localhost:-1',
      'localhost:3447:3447',
      'localhost@evil.com',
      'evil.com@localhost',
      'evil.com#localhost',
    ],
    ...[
      'evil.com?localhost',
      'localhost/evil',
      'localhost\\evil',
      'http://localhost',
      'localhost,localhost',
      'localhost, evil.com',
      'localhost evil.com',
    ],
    ...[
      '127.0.0.1.nip.io',
      '127.0.0.2',
      '127.1',
      '127.0.0.01',
      '0177.0.0.1',
      '0x7f.0.0.1',
      '2130706433',
      '127.0.0.1.',
      '0.0.0.0',
      '0.0.0.0:3447',
    ],
    ...[
      '::1',
      '[::1',
      '::1]',
      '[::]',
      '[0:0:0:0:0:0:0:1]',
      '[::ffff:127.0.0.1]',
      '[::1%25lo]',
      '[::1].evil.com',
      '[::1]3447',
      '10.0.0.1',
      'rebind.test:3447',
    ],
    ...['l\u00f6calhost', 'localhost\u00ad', 'host.docker.internal', 'local\thost'],
  ]
  for (const host of refused) t.equal(await verdict(strictPort, get(`Host: ${host}`)), 'host-refused', JSON.stringify(host))
  await holds(t, strictPort, [
    ['no Host', get('Accept: */*'), 'host-refused'],
    ['no Host in HTTP/1.0', 'GET /fhir HTTP/1.0\r\n\r\n', 'host-refused'],
    ['HTTP/1.0 with Host', 'GET /fhir HTTP/1.0\r\nHost: localhost\r\n\r\n', 'served'],
    ['Host twice, both ours', get(own, own), 'host-refused'],
    ['Host twice, the second foreign', get(own, 'Host: evil.com'), 'host-refused'],
    ['Host twice, the first foreign', get('Host: evil.com', own), 'host-refused'],
    ['Host twice, the first empty', get('Host:', own), 'host-refused'],
    ['Host twice in two spellings', get(own, 'hOST: evil.com'), 'host-refused'],
    [
      'the forwarded host does not count',
      get('Host: evil.com', 'X-Forwarded-Host: localhost:3447', 'Forwarded: host=localhost'),
      'host-refused',
    ],
  ])
  await holds(t, namePort, [
    ['a configured name', get('Host: host.docker.internal:3447'), 'served'],
    ['a configured name in other letters', get('Host: Host.Docker.Internal'), 'served'],
    ['a name that ends like it', get('Host: evil.host.docker.internal'), 'host-refused'],
    ['a name that begins like it', get('Host: host.docker.internal.evil.com'), 'host-refused'],
    ['the page of a configured name itself', post('Host: host.docker.internal:3447', 'Origin: http://host.docker.internal:3447'), 'served'],
    ['the loopback names stay', get(own), 'served'],
  ])
})

t.test('methods and targets', async t => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
    t.equal(await verdict(strictPort, get(own).replace('GET', method)), 'served', method)
  for (const method of ['TRACE', 'PROPFIND', 'MKCOL', 'LINK', 'PURGE', 'SEARCH', 'QUERY'])
    t.match(await verdict(strictPort, get(own).replace('GET', method)), /^(method-refused|request-malformed)$/, method)
  const refused = await sendRaw(strictPort, get(own).replace('GET', 'TRACE'))
  t.equal(refused?.fields.get('allow'), 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS')

  const to = (target: string) => `GET ${target} HTTP/1.1\r\n${own}\r\n\r\n`
  const served = [
    '/',
    '/fhir',
    '/fhir/Patient?name=a%20b',
    '/fhir/Patient?code=http://x|y&z=a\\,b',
    '/fhir/$export',
    '/fhir?a=?b',
    "/fhir/(a)'*;=~!",
  ]
  for (const target of served) t.equal(await verdict(strictPort, to(target)), 'served', target)
  const foreign = [
    'http://evil.com/fhir/x',
    'http://localhost:3447/fhir',
    'https://localhost/fhir',
    '*',
    'localhost:3447',
    'evil.com:443',
    'fhir/Patient',
  ]
  const raw = [
    '/fhir#x',
    '/fhir/#/x',
    '/fhir?a#b',
    '/fhir\\..\\x',
    '\\fhir',
    '/fhir/\u00e9',
    '/fhir?a=\u00ff',
    '/fhir/\u0001',
    '/fhir\tx',
    '/fhir?\u007f',
  ]
  for (const target of [...foreign, ...raw])
    t.match(await verdict(strictPort, to(target)), /^(target-refused|request-malformed)$/, JSON.stringify(target))
  t.equal(await verdict(strictPort, to('http://evil.com/fhir/x')), 'target-refused', 'the absolute form comes to us, not to the parser')
})

t.test('framing, upgrades and the size of the head', async t => {
  const many = (count: number) => Array.from({ length: count - 1 }, (_, index) => `X-${index}: y`)
  const body = 'hello'
  await holds(t, strictPort, [
    ['a body of known length', post(own, 'Content-Length: 5') + body, 'served'],
    ['a chunked body', `${post(own, 'Transfer-Encoding: chunked')}5\r\n${body}\r\n0\r\n\r\n`, 'served'],
    ['both framings', `${post(own, 'Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`, 'framing-refused'],
    ['a second coding', `${post(own, 'Transfer-Encoding: gzip, chunked')}0\r\n\r\n`, 'framing-refused'],
    ['chunked twice', `${post(own, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')}0\r\n\r\n`, 'framing-refused'],
    ['identity', `${post(own, 'Transfer-Encoding: identity')}0\r\n\r\n`, 'framing-refused'],
    ['two lengths', post(own, 'Content-Length: 5', 'Content-Length: 5') + body, 'framing-refused'],
    ['a signed length', post(own, 'Content-Length: +5') + body, 'framing-refused'],
    ['a list of lengths', post(own, 'Content-Length: 5, 5') + body, 'framing-refused'],
    ['a WebSocket', get(own, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'), 'upgrade-refused'],
    ['an upgrade without Connection', get(own, 'Upgrade: websocket'), 'upgrade-refused'],
    ['an empty upgrade', get(own, 'Upgrade:'), 'upgrade-refused'],
    ['h2c behind another', get(own, 'Upgrade: websocket', 'Upgrade: h2c'), 'upgrade-refused'],
    ['what Java’s HttpClient sends', get(own, 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAEAAEAA'), 'served'],
    ['100 fields', get(own, ...many(100)), 'served'],
    ['101 fields', get(own, ...many(101)), 'head-too-large'],
    ['1,500 fields before one that would be cut off', get(own, ...many(1_500), 'Sec-Fetch-Site: cross-site'), 'head-too-large'],
  ])
})

t.test('programs are left alone', t =>
  holds(t, strictPort, [
    ['curl', get(own, 'User-Agent: curl/8', 'Accept: */*'), 'served'],
    ['curl with a body', `${post(own, 'Content-Length: 2')}{}`, 'served'],
    ['Node’s fetch sends a Sec-Fetch field too', post(own, 'sec-fetch-mode: cors', 'Accept: */*'), 'served'],
    ['a client with an empty Referer', get(own, 'Referer:'), 'served'],
    ['DELETE', get(own).replace('GET', 'DELETE'), 'served'],
  ]),
)

const cross = ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image']
const same = ['Sec-Fetch-Site: same-site', 'Sec-Fetch-Mode: cors', 'Sec-Fetch-Dest: empty']
const navigating = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']

t.test('pages of other origins get nothing', t =>
  holds(t, strictPort, [
    ['an image', get(own, ...cross), 'browser-refused'],
    ['a fetch', get(own, 'Origin: http://evil.com', 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: cors'), 'browser-refused'],
    ['a fetch from another port', get(own, 'Origin: http://localhost:3000', ...same), 'browser-refused'],
    ['a fetch from the other loopback name', get(own, 'Origin: http://127.0.0.1:3447', ...same), 'browser-refused'],
    ['the same over https', post(own, 'Origin: https://localhost:3447'), 'browser-refused'],
    ['an origin that begins like ours', post(own, 'Origin: http://localhost:3447.evil.com'), 'browser-refused'],
    ['an origin that ends like ours', post(own, 'Origin: http://evil.localhost:3447'), 'browser-refused'],
    ['our name under another scheme', post(own, 'Origin: evil://localhost:3447'), 'browser-refused'],
    ['an origin in capitals, which no browser writes', post(own, 'Origin: HTTP://LOCALHOST:3447'), 'browser-refused'],
    ['a sandboxed frame', post(own, 'Origin: null'), 'browser-refused'],
    ['an empty origin', post(own, 'Origin:'), 'browser-refused'],
    ['a form', post(own, 'Origin: http://evil.com', 'Sec-Fetch-Site: cross-site', ...navigating), 'browser-refused'],
    ['a frame', get(own, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe'), 'browser-refused'],
    ['a link in a tab', get(own, 'Sec-Fetch-Site: cross-site', ...navigating), 'browser-refused'],
    ['a link in a tab, from a page of another port', get(own, 'Sec-Fetch-Site: same-site', ...navigating), 'browser-refused'],
    ['no Referer helps', get(own, ...cross, 'Referer: http://localhost:3447/'), 'browser-refused'],
    ['a WebSocket, which carries no Sec-Fetch field', get(own, 'Origin: http://evil.com', 'Upgrade: websocket'), 'upgrade-refused'],
    ['a prefetch', get(own, 'Sec-Fetch-Site: none', 'Sec-Purpose: prefetch', ...navigating), 'prefetch-refused'],
    ['a prerender', get(own, 'Sec-Fetch-Site: none', 'Sec-Purpose: prefetch;prerender', ...navigating), 'prefetch-refused'],
    ['an older prefetch', get(own, 'Purpose: prefetch'), 'prefetch-refused'],
    ['a Firefox prefetch', get(own, 'X-moz: prefetch'), 'prefetch-refused'],
    ['a prefetch of our own page', get(own, 'Sec-Fetch-Site: same-origin', 'Sec-Purpose: prefetch'), 'prefetch-refused'],
    ['a POST that claims the address bar', post(own, 'Sec-Fetch-Site: none', ...navigating), 'browser-refused'],
    ['a site of no known kind', get(own, 'Sec-Fetch-Site: friendly'), 'browser-refused'],
    ['an empty site', get(own, 'Sec-Fetch-Site:'), 'browser-refused'],
    ['a site in capitals', get(own, 'Sec-Fetch-Site: SAME-ORIGIN'), 'browser-refused'],
    ['two sites', get(own, 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'), 'browser-refused'],
    ['the same site twice', get(own, 'Sec-Fetch-Site: same-origin', 'sec-fetch-site: same-origin'), 'browser-refused'],
    ['two origins', post(own, 'Origin: http://localhost:3447', 'Origin: http://evil.com'), 'browser-refused'],
    [
      'two origins behind a good site',
      post(own, 'Sec-Fetch-Site: same-origin', 'Origin: http://evil.com', 'Origin: null'),
      'browser-refused',
    ],
    ['two modes', get(own, 'Sec-Fetch-Mode: cors', 'Sec-Fetch-Mode: navigate'), 'browser-refused'],
    ['an old browser with a foreign Referer', get(own, 'Referer: http://evil.com/page'), 'browser-refused'],
    ['a Referer with our origin as user name', get(own, 'Referer: http://localhost:3447@evil.com/'), 'browser-refused'],
    ['a Referer with our origin in its path', get(own, 'Referer: http://evil.com/http://localhost:3447/'), 'browser-refused'],
    ['a Referer that begins like ours', get(own, 'Referer: http://localhost:34470/'), 'browser-refused'],
  ]),
)

t.test('our own pages, and the address bar', t =>
  holds(t, strictPort, [
    ['a fetch of our page', get(own, 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: cors'), 'served'],
    [
      'a form of our page, whose no-referrer makes its origin null',
      post(own, 'Sec-Fetch-Site: same-origin', 'Origin: null', ...navigating),
      'served',
    ],
    ['a development server that rewrites Host', get(own, 'Sec-Fetch-Site: same-origin', 'Origin: http://localhost:5173'), 'served'],
    ['a form of our page in an old browser', post(own, 'Origin: http://localhost:3447'), 'served'],
    ['our page at 127.0.0.1', post('Host: 127.0.0.1:3447', 'Origin: http://127.0.0.1:3447'), 'served'],
    ['our page through a tunnel on another port', post('Host: localhost:9999', 'Origin: http://localhost:9999'), 'served'],
    ['a link of our page in an old browser', get(own, 'Referer: http://localhost:3447/-/sign-in'), 'served'],
    ['our origin alone as Referer', get(own, 'Referer: http://localhost:3447'), 'served'],
    ['the address bar', get(own, 'Sec-Fetch-Site: none', ...navigating), 'served'],
  ]),
)

t.test('pages of an allowed origin fetch, and do no more', async t => {
  const origin = 'Origin: http://localhost:3000'
  const image = ['Sec-Fetch-Site: same-site', 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image']
  const referer = 'Referer: http://localhost:3000/viewer'
  await holds(t, appPort, [
    ['a fetch', get(own, origin, ...same), 'served'],
    ['a POST', post(own, origin, ...same), 'served'],
    ['a fetch of an old browser', post(own, origin), 'served'],
    ['an image by its Referer', get(own, referer, ...image), 'served'],
    ['a link of an old browser', get(own, referer), 'served'],
    ['an image without Referer', get(own, ...image), 'browser-refused'],
    ['an image of another page', get(own, 'Referer: http://localhost:30000/', ...image), 'browser-refused'],
    ['a no-cors POST by its Referer', post(own, referer, ...image), 'browser-refused'],
    ['a link in a tab', get(own, referer, 'Sec-Fetch-Site: same-site', ...navigating), 'browser-refused'],
    ['a frame', get(own, referer, 'Sec-Fetch-Site: same-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe'), 'browser-refused'],
    ['a form', post(own, origin, 'Sec-Fetch-Site: same-site', ...navigating), 'browser-refused'],
    ['its sandboxed frame', get(own, 'Origin: null', ...same), 'browser-refused'],
    ['its prefetch', get(own, origin, ...same, 'Sec-Purpose: prefetch'), 'prefetch-refused'],
    ['its WebSocket', get(own, origin, 'Connection: Upgrade', 'Upgrade: websocket'), 'upgrade-refused'],
    ['a longer origin', get(own, 'Origin: http://localhost:30000', ...same), 'browser-refused'],
    ['the origin with a slash', get(own, 'Origin: http://localhost:3000/', ...same), 'browser-refused'],
    ['the origin under a rebound name', get('Host: rebind.test', origin, ...same), 'host-refused'],
  ])
})

t.test('a refusal names its rule and repeats nothing of what was sent', async t => {
  const canary = 'xss-canary'
  const requests = [
    get(`Host: ${canary}`),
    get(own, `Origin: http://${canary}`),
    get(own, `Referer: http://${canary}/`),
    get(own, `Sec-Fetch-Site: ${canary}`),
    get(own, `Upgrade: ${canary}`),
    `GET http://${canary}/ HTTP/1.1\r\n${own}\r\n\r\n`,
    post(own, `Transfer-Encoding: ${canary}, chunked`),
  ]
  for (const request of requests) {
    const answer = await sendRaw(strictPort, request)
    t.ok(answer && answer.status >= 400 && answer.status < 500)
    t.notMatch(JSON.stringify([...(answer?.fields ?? []), answer?.body]), canary)
  }
  const refused = async (...fields: string[]) => (await sendRaw(strictPort, get(own, ...fields)))?.body
  t.match(await refused('Origin: http://evil.com'), /foreign Origin/)
  t.match(await refused('Referer: http://evil.com/'), /foreign Referer/)
  t.match(await refused(...cross), /cross-site request/)
  t.match((await sendRaw(strictPort, get('Host: evil.com')))?.body, /http:\/\/localhost:3447\//)
})

t.test('a navigation is told from a program', async t => {
  const navigates = (method: string, ...rawHeaders: string[]) => isNavigation(method, readHead(rawHeaders))
  const browserAccept = ['Accept', 'text/html,application/xhtml+xml,*/*;q=0.8']
  t.ok(navigates('GET', 'Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document'), 'a tab')
  t.ok(navigates('POST', 'Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document'), 'a form')
  t.notOk(navigates('GET', 'Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'iframe', ...browserAccept), 'a frame')
  t.notOk(navigates('GET', 'Sec-Fetch-Mode', 'cors', ...browserAccept), 'a fetch')
  t.notOk(navigates('GET', 'Sec-Fetch-Site', 'none', ...browserAccept), 'a page of unknown mode')
  t.ok(navigates('GET', ...browserAccept), 'an old browser')
  t.notOk(navigates('POST', ...browserAccept), 'a form of an old browser')
  t.notOk(navigates('GET', 'Accept', '*/*'), 'curl')
  t.notOk(navigates('GET', 'Accept', 'application/json, text/html'), 'a program that takes pages too')
  t.notOk(navigates('GET'), 'nothing said')
})

t.test('a body is told from none', async t => {
  t.notOk(readHead([]).hasBody)
  t.notOk(readHead(['Content-Length', '0']).hasBody)
  t.ok(readHead(['Content-Length', '1']).hasBody)
  t.ok(readHead(['transfer-encoding', 'chunked']).hasBody)
})
