// Limits are settings: what goes beyond one is told which, and nothing of it lasts.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { readAnswer, sendRaw } from '../fixtures/raw-http.ts'
import { startRecordingOrigin } from '../fixtures/recording-origin.ts'
import { type Composed, startBoth } from '../harness/composed.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

const code = (answer: { fields: Map<string, string> } | undefined) => answer?.fields.get('hallpass-error')
const head = (more = '') => `GET /-/health/live HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`

async function open(t: Test, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Asks on an open connection, which stays open. */
async function ask(socket: Socket) {
  const answer = readAnswer(socket)
  socket.write(head())
  return answer
}

/** The audience of the sandbox's FHIR service. */
const audience = 'https://sandbox-fhir.fhir.azurehealthcareapis.com'

/** A daemon with a further route to this origin, and somebody signed in. */
async function signedIn(t: Test, origin: string, flags: Record<string, string>): Promise<Composed> {
  const both = await startBoth(t, { flags, routes: { '/other': { origin, kind: 'fhir', audience } } })
  const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  await signInByForm(await both.opening())
  await (await waiting).text()
  return both
}

t.test('maxConnections: one too many is told so, and served once another has gone', async t => {
  const { daemon } = await startBoth(t, { flags: { 'max-connections': '2' } })
  const [first, second] = [await open(t, daemon.port), await open(t, daemon.port)]
  for (const socket of [first, second]) t.equal((await ask(socket))?.status, 200)
  const third = await ask(await open(t, daemon.port))
  t.equal(third?.status, 503)
  t.equal(code(third), 'too-many-connections')
  t.equal(third?.fields.get('connection'), 'close')
  t.ok(third?.fields.get('retry-after'))
  t.match(third?.body, /maxConnections/, 'the remedy names the setting')
  t.equal((await ask(second))?.status, 200, 'those before go on')
  first.destroy()
  let served: Awaited<ReturnType<typeof ask>>
  do served = await ask(await open(t, daemon.port))
  while (served?.status === 503)
  t.equal(served?.status, 200)
})

t.test('maxHeadBytes: a longer head is refused, a head within it is not', async t => {
  const { daemon } = await startBoth(t, { flags: { 'max-head-bytes': '4096' } })
  t.equal((await sendRaw(daemon.port, head(`X-Long: ${'x'.repeat(3_000)}\r\n`)))?.status, 200)
  const refused = await sendRaw(daemon.port, head(`X-Long: ${'x'.repeat(5_000)}\r\n`))
  t.equal(refused?.status, 431)
  t.equal(code(refused), 'head-too-large')
  t.match(refused?.body, /maxHeadBytes/)
})

t.test('headTimeoutSeconds: a head that does not arrive is answered and its connection closed', async t => {
  const { daemon } = await startBoth(t, { flags: { 'head-timeout-seconds': '1' } })
  const late = await sendRaw(daemon.port, 'GET /-/health/live HTTP/1.1\r\nHost: localhost\r\n')
  t.equal(late?.status, 408)
  t.equal(code(late), 'request-timeout')
})

t.test('maxAnswerHeadBytes: a longer head of a service is its fault, and ours to tell', async t => {
  const size = { bytes: 3_000 }
  const { origin } = await startRecordingOrigin(t, () => `HTTP/1.1 204 No Content\r\nX-Long: ${'x'.repeat(size.bytes)}\r\n\r\n`)
  const both = await signedIn(t, origin, { 'max-answer-head-bytes': '4096' })
  const url = `${both.daemon.url}/other/Patient/1`
  t.equal((await fetch(url)).status, 204)
  size.bytes = 6_000
  const refused = await fetch(url)
  t.equal(refused.status, 502)
  t.equal(refused.headers.get('hallpass-error'), 'origin-broken')
  t.match(await refused.text(), /head is too large/)
})

t.test('answerTimeoutSeconds: a service that does not begin to answer is given up', async t => {
  const { origin } = await startRecordingOrigin(t, () => '')
  const both = await signedIn(t, origin, { 'answer-timeout-seconds': '1' })
  const refused = await fetch(`${both.daemon.url}/other/Patient/1`)
  t.equal(refused.status, 504)
  t.equal(refused.headers.get('hallpass-error'), 'origin-timeout')
  t.match(await refused.text(), /within 1 s/)
})
