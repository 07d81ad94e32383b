// CORS for the user's own app: preflights are answered here, answers and refusals can be read by allowed origins, and by no others.
import t, { type Test } from 'tap'
import { sharedFields } from '../../src/guard/cors.ts'
import { readHead } from '../../src/guard/head.ts'
import { type RawAnswer, sendRaw } from '../fixtures/raw-http.ts'
import { startBoth } from '../harness/composed.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

const app = 'http://localhost:3000'

async function startAllowing(t: Test, fhirRoute: Record<string, unknown> = {}) {
  const both = await startBoth(t, { flags: { 'access-allowed-origins': `${app},https://viewer.example` }, fhirRoute })
  const { port } = both.daemon
  const send = (line: string, ...fields: string[]) =>
    sendRaw(port, `${line} HTTP/1.1\r\nHost: localhost:${port}\r\n${fields.map(field => `${field}\r\n`).join('')}\r\n`)
  const signIn = async () => {
    const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
    await signInByForm(await both.opening())
    await (await waiting).text()
  }
  return { ...both, send, signIn }
}

const preflight = (origin: string, ...more: string[]) => [
  `Origin: ${origin}`,
  'Access-Control-Request-Method: PUT',
  'Sec-Fetch-Site: same-site',
  'Sec-Fetch-Mode: cors',
  ...more,
]

function cors(answer: RawAnswer | undefined): string[] {
  return [...(answer?.fields.keys() ?? [])].filter(name => name.startsWith('access-control-') || name === 'timing-allow-origin')
}

t.test('a preflight of an allowed origin is answered here, and starts nothing', async t => {
  const { send, exchanges, opened } = await startAllowing(t)
  const wanted = 'Access-Control-Request-Headers: content-type,if-match,x-evil,cookie,Authorization, x-ms-azurefhir-audit-site,hallpass-key'
  const answer = await send('OPTIONS /fhir/Patient/1', ...preflight(app, wanted))
  t.equal(answer?.status, 204)
  t.equal(answer?.body, '')
  t.match(Object.fromEntries(answer?.fields ?? []), {
    'access-control-allow-origin': app,
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
    'access-control-allow-headers': 'content-type, if-match, authorization, x-ms-azurefhir-audit-site, hallpass-key',
    'access-control-max-age': '600',
    vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  })
  t.notOk(answer?.fields.has('access-control-allow-credentials'), 'no cookie decides anything here')
  t.notOk(answer?.fields.has('access-control-allow-private-network'), 'the dead protocol is not spoken')
  const bare = await send('OPTIONS /fhir/Patient/1', ...preflight('https://viewer.example'))
  t.equal(bare?.fields.get('access-control-allow-origin'), 'https://viewer.example')
  t.notOk(bare?.fields.has('access-control-allow-headers'))
  t.strictSame([exchanges, opened], [[], []])
})

t.test('a field that the route forwards beside the known ones may be sent to that route', async t => {
  const { send } = await startAllowing(t, { forwardFields: ['X-Site'] })
  const allowed = async (path: string) =>
    (await send(`OPTIONS ${path}`, ...preflight(app, 'Access-Control-Request-Headers: x-site')))?.fields.get('access-control-allow-headers')
  t.equal(await allowed('/fhir/Patient/1'), 'x-site')
  t.equal(await allowed('/dicom/studies'), undefined)
})

t.test('a preflight of any other origin is refused, and says nothing to a page', async t => {
  const { send, exchanges } = await startAllowing(t)
  const strangers = [
    'http://evil.com',
    'null',
    'http://localhost:30000',
    'http://localhost',
    'https://localhost:3000',
    `${app}/`,
    `${app}.evil.com`,
  ]
  for (const origin of strangers) {
    const answer = await send('OPTIONS /fhir/Patient', ...preflight(origin))
    t.equal(answer?.status, 403, origin)
    t.equal(answer?.fields.get('hallpass-error'), 'browser-refused')
    t.match(answer?.body, /access\.allowedOrigins/, 'the setting is named')
    t.notMatch(answer?.body, /evil/, 'what was sent is not repeated')
    t.strictSame(cors(answer), [])
  }
  t.strictSame(exchanges, [])
})

t.test('an OPTIONS that is no preflight is forwarded', async t => {
  const { send, exchanges, signIn } = await startAllowing(t)
  await signIn()
  const before = exchanges.length
  await send('OPTIONS /fhir/metadata', 'Connection: close')
  await send('OPTIONS /fhir/metadata', `Origin: ${app}`, 'Connection: close')
  t.equal(exchanges.length - before, 2)
})

t.test('an allowed page reads the answer and its fields', async t => {
  const { send, signIn } = await startAllowing(t)
  await signIn()
  const answer = await send(
    'GET /fhir/Patient?_count=1',
    `Origin: ${app}`,
    'Sec-Fetch-Site: same-site',
    'Sec-Fetch-Mode: cors',
    'Connection: close',
  )
  t.equal(answer?.status, 200)
  t.match(Object.fromEntries(answer?.fields ?? []), {
    'access-control-allow-origin': app,
    'timing-allow-origin': app,
    'cross-origin-resource-policy': 'cross-origin',
    vary: /Origin/,
  })
  for (const name of ['ETag', 'Location', 'Content-Location', 'Link', 'Retry-After', 'X-Correlation-Id', 'X-Request-Id', 'Hallpass-Error'])
    t.ok(answer?.fields.get('access-control-expose-headers')?.split(', ').includes(name), name)
  const plain = await send('GET /fhir/Patient?_count=1', 'Connection: close')
  t.strictSame(cors(plain), [])
  t.equal(plain?.fields.get('cross-origin-resource-policy'), 'same-origin')
  t.match(plain?.fields.get('vary'), /Origin/, 'a cache keeps the two apart')
  const image = await send(
    'GET /fhir/Patient?_count=1',
    `Referer: ${app}/viewer`,
    'Sec-Fetch-Site: same-site',
    'Sec-Fetch-Mode: no-cors',
    'Connection: close',
  )
  t.equal(image?.status, 200)
  t.equal(image?.fields.get('cross-origin-resource-policy'), 'cross-origin', 'an <img> of an allowed page may show it')
})

t.test('each allowed origin gets fields of its own, none of them for credentials', async t => {
  const fieldsOf = (allowed: string[], ...rawHeaders: string[]) =>
    sharedFields(readHead(rawHeaders), { port: 3447, extraHosts: new Set(), allowedOrigins: new Set(allowed) })
  const both = [app, 'https://viewer.example']
  for (const origin of both) {
    const fields = fieldsOf(both, 'Origin', origin) ?? {}
    t.match(fields, { 'Access-Control-Allow-Origin': origin, 'Timing-Allow-Origin': origin, Vary: 'Origin' })
    t.notOk('Access-Control-Allow-Credentials' in fields)
  }
  t.strictSame(fieldsOf(['https://viewer.example'], 'Origin', app), { 'Cross-Origin-Resource-Policy': 'same-origin', Vary: 'Origin' })
  t.equal(fieldsOf([], 'Origin', app), undefined)
})

t.test('our own refusals can be read by an allowed page, so that it can show the remedy', async t => {
  const { send } = await startAllowing(t)
  const cases: [string, number][] = [
    ['GET /nowhere', 404],
    ['GET /fhir/a%2fb', 400],
    ['GET /fhir/a#b', 400],
    ['TRACE /fhir', 405],
  ]
  for (const [line, status] of cases) {
    const answer = await send(line, `Origin: ${app}`)
    t.equal(answer?.status, status, line)
    t.equal(answer?.fields.get('access-control-allow-origin'), app, line)
  }
  const waiting = await send('GET /fhir/Patient', `Origin: ${app}`, 'Hallpass-Interactive: never')
  t.equal(waiting?.status, 401)
  t.equal(waiting?.fields.get('access-control-allow-origin'), app)
  t.equal((await send('GET /fhir/a%2fb', 'Origin: http://evil.com'))?.fields.get('access-control-allow-origin'), undefined)
})

t.test('an allowed app has no say in who signs in: what is under /-/ stays ours alone', async t => {
  const { send, opened } = await startAllowing(t)
  for (const line of ['GET /-/sign-in', 'GET /', 'POST /-/sign-in', 'OPTIONS /-/sign-in']) {
    const answer = await send(line, ...preflight(app), 'Content-Length: 0')
    t.equal(answer?.status, 403, line)
    t.match(answer?.body, /Only its own pages/)
    t.notMatch(answer?.body, /allowedOrigins/)
  }
  t.strictSame(opened, [])
})

t.test('answers rest in no cache unless the route says so', async t => {
  const usual = await startAllowing(t)
  await usual.signIn()
  t.equal((await usual.send('GET /fhir/metadata', 'Connection: close'))?.fields.get('cache-control'), 'no-store')
  const asIs = await startAllowing(t, { cache: 'as-is' })
  await asIs.signIn()
  t.not((await asIs.send('GET /fhir/metadata', 'Connection: close'))?.fields.get('cache-control'), 'no-store')
})

t.test('no origin is allowed unless somebody said so', async t => {
  const { daemon } = await startBoth(t)
  const answer = await fetch(`${daemon.url}/fhir/Patient`, { headers: { Origin: app } })
  t.equal(answer.status, 403)
  t.strictSame([answer.headers.get('access-control-allow-origin'), answer.headers.get('vary')], [null, null])
})
