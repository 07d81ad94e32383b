// Who may call, and for what: the rules without exceptions, through node's own parser on a real socket.
import t from 'tap'
import { readHead } from '../../src/guard/head.ts'
import { judgeHead, judgeVersion } from '../../src/guard/judge.ts'
import { get, holds, listenGuarded, own, post, verdict } from '../fixtures/guarded-server.ts'
import { sendRaw } from '../fixtures/raw-http.ts'

const strictPort = await listenGuarded(t)
const namePort = await listenGuarded(t, { extraHosts: new Set(['host.docker.internal']) })

t.test('Host: three names of this machine, once, and nothing that looks like them', async t => {
  const served = ['localhost', 'localhost:3447', 'LocalHost:3447', '127.0.0.1', '127.0.0.1:8080', '[::1]', '[::1]:3447', 'localhost:1']
  for (const host of served) t.equal(await verdict(strictPort, get(`Host: ${host}`)), 'served', host)
  const lookalikes = `evil.com | localhost.evil.com | evil-localhost | xlocalhost | localhost. | localhost6 | localhost: | localhost:123456 | localhost:80a |
    localhost: 80 | localhost:-1 | localhost:3447:3447 | localhost@evil.com | evil.com@localhost | evil.com#localhost | evil.com?localhost | localhost/evil |
    localhost\\evil | http://localhost | localhost,localhost | localhost, evil.com | localhost evil.com | local${'\t'}host | l${'\u00f6'}calhost | localhost${'\u00ad'} |
    127.0.0.1.nip.io | 127.0.0.2 | 127.1 | 127.0.0.01 | 0177.0.0.1 | 0x7f.0.0.1 | 127x0x0x1 | 2130706433 | 127.0.0.1. | 0.0.0.0 | 0.0.0.0:3447 | 10.0.0.1 |
    ::1 | [::1 | ::1] | [::] | [0:0:0:0:0:0:0:1] | [::ffff:127.0.0.1] | [::1%25lo] | [::1].evil.com | [::1]3447 | rebind.test:3447 | host.docker.internal`
  const refused = ['', ' ', ...lookalikes.split('|').map(host => host.trim())]
  t.equal(refused.length, 50)
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
    ['a length beyond exact counting', post(own, 'Content-Length: 9999999999999999999') + body, 'framing-refused'],
    ['a list of lengths', post(own, 'Content-Length: 5, 5') + body, 'framing-refused'],
    ['a WebSocket', get(own, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'), 'upgrade-refused'],
    ['an upgrade without Connection', get(own, 'Upgrade: websocket'), 'upgrade-refused'],
    ['an empty upgrade', get(own, 'Upgrade:'), 'upgrade-refused'],
    ['h2c behind another', get(own, 'Upgrade: websocket', 'Upgrade: h2c'), 'upgrade-refused'],
    ['h2c ahead of another', get(own, 'Upgrade: h2c', 'Upgrade: websocket'), 'upgrade-refused'],
    ['what Java’s HttpClient sends', get(own, 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAEAAEAA'), 'served'],
    ['100 fields', get(own, ...many(100)), 'served'],
    ['101 fields', get(own, ...many(101)), 'head-too-large'],
    ['1,500 fields before one that would be cut off', get(own, ...many(1_500), 'Sec-Fetch-Site: cross-site'), 'head-too-large'],
  ])
})

t.test('what node’s parser stops today is refused by the rules themselves too', async t => {
  const policy = { port: 3447, extraHosts: new Set<string>(), allowedOrigins: new Set<string>() }
  const judged = (target: string, ...rawHeaders: string[]) =>
    judgeHead('POST', target, readHead(['Host', 'localhost', ...rawHeaders]), policy)
  const [te, cl] = ['Transfer-Encoding', 'Content-Length']
  const ambiguous = [
    [te, 'chunked', cl, '5'],
    [cl, '5', te, 'chunked'],
    [cl, '5', cl, '6'],
    [cl, '5', cl, '5'],
    [te, 'gzip', te, 'chunked'],
    [te, 'chunked', te, 'gzip'],
    [te, 'chunked, gzip'],
    [te, 'Chunked '],
    [te, ''],
    [cl, ''],
    [cl, '0x5'],
    [cl, '5 '],
    [cl, '-5'],
    [cl, '1'.repeat(16)],
  ]
  for (const fields of ambiguous) {
    const refusal = judged('/fhir', ...fields)
    t.equal(refusal?.code, 'framing-refused', fields.join(' '))
    t.strictSame(refusal?.fields, { Connection: 'close' }, 'nothing more is read')
  }
  t.equal(judged('/fhir', cl, '1'.repeat(15)), undefined)
  const unencoded = [
    '/fhir/\u00e9',
    '/fhir?a=\u00ff',
    '/fhir/\u0001',
    '/fhir\tx',
    '/fhir?\u007f',
    '/fhir?\u0000',
    '/fhir?a b',
    '/fhir x',
    '/fhir?a=\r\nb',
  ]
  for (const target of unencoded) t.equal(judged(target)?.code, 'target-refused', JSON.stringify(target))
  for (const version of ['0.9', '1.2', '2.0', ''])
    t.match(judgeVersion(version), { code: 'request-malformed', fields: { Connection: 'close' } }, version)
  for (const version of ['1.0', '1.1']) t.equal(judgeVersion(version), undefined)
})

t.test('too many fields end the connection', async t => {
  const { fields } = (await sendRaw(strictPort, get(own, ...Array.from({ length: 100 }, (_, index) => `X-${index}: y`)))) ?? {}
  t.strictSame([fields?.get('hallpass-error'), fields?.get('connection')], ['head-too-large', 'close'])
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
  t.match(await refused('Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors'), /cross-site request/)
  t.match((await sendRaw(strictPort, get('Host: evil.com')))?.body, /http:\/\/localhost:3447\//)
})
