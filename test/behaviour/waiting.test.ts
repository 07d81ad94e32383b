// Requests that wait for a person: one sign-in for all of them, and a clear end to every wait.
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import t from 'tap'
import { startBoth } from '../harness/composed.ts'
import { followOpening, signInByForm } from '../harness/sign-in-form.ts'

const code = (response: Response) => response.headers.get('hallpass-error')
const linkIn = (response: Response) => /sign_in_uri="([^"]+)"/.exec(response.headers.get('www-authenticate') ?? '')?.[1] ?? ''

t.test('50 parallel first requests: one browser opening, one code redemption, 50 answers', async t => {
  const both = await startBoth(t)
  const requests = Array.from({ length: 50 }, (_, index) =>
    fetch(`${both.daemon.url}/${index % 2 ? 'fhir/Patient?_count=1' : 'dicom/studies'}`),
  )
  await signInByForm(await both.opening())
  const answers = await Promise.all(requests)
  t.strictSame(new Set(answers.map(({ status }) => status)), new Set([200]))
  t.equal(both.opened.length, 1)
  const tokens = both.exchanges.filter(({ grantType }) => grantType !== undefined)
  t.equal(tokens.filter(({ grantType }) => grantType === 'authorization_code').length, 1)
  t.equal(tokens.filter(({ grantType }) => grantType === 'refresh_token').length, 1, 'one refresh for the other audience')
  await Promise.all(answers.map(answer => answer.arrayBuffer()))
})

t.test('a wait that ends is answered, and the sign-in goes on', async t => {
  const both = await startBoth(t, { flags: { 'sign-in-wait-seconds': '20' } })
  const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  const opened = await both.opening()
  await both.timer(20_000)
  both.clock.advance(20_000)
  const answer = await waiting
  t.equal(answer.status, 503)
  t.equal(code(answer), 'sign-in-wait-over')
  t.ok(answer.headers.get('retry-after'))
  t.match(await answer.json(), { resourceType: 'OperationOutcome', issue: [{ diagnostics: /not finished within 20 s.*\/-\/sign-in\// }] })
  t.match(await signInByForm(opened), { status: 200, html: /You are signed in/ })
  t.equal((await fetch(`${both.daemon.url}/fhir/Patient?_count=1`)).status, 200)
})

t.test('the body of a waiting request stays unread, and arrives whole afterwards', async t => {
  const both = await startBoth(t)
  const patient = JSON.stringify({ resourceType: 'Patient', name: [{ family: 'Example', given: ['x'.repeat(500_000)] }] })
  let taken = 0
  const answer = new Promise<{ status: number | undefined }>((resolve, reject) => {
    const upload = httpRequest(`${both.daemon.url}/fhir/Patient`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json', 'Content-Length': Buffer.byteLength(patient) },
    })
    upload.on('response', response => resolve({ status: response.resume().statusCode })).on('error', reject)
    upload.on('socket', socket => socket.on('drain', () => taken++))
    upload.end(patient)
  })
  await signInByForm(await both.opening())
  t.equal((await answer).status, 201)
})

t.test('a client that holds its body back is told to go on only when the request goes on', async t => {
  const both = await startBoth(t)
  const patient = JSON.stringify({ resourceType: 'Patient', name: [{ family: 'Example' }] })
  let signedIn = false
  const status = new Promise<number | undefined>((resolve, reject) => {
    const upload = httpRequest(`${both.daemon.url}/fhir/Patient`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json', 'Content-Length': Buffer.byteLength(patient), Expect: '100-continue' },
    })
    upload.on('continue', () => {
      t.ok(signedIn, '100 Continue came after the sign-in')
      upload.end(patient)
    })
    upload.on('response', response => resolve(response.resume().statusCode)).on('error', reject)
    upload.flushHeaders()
  })
  const opened = await both.opening()
  signedIn = true
  await signInByForm(opened)
  t.equal(await status, 201)
})

t.test('more waiting requests than allowed are refused at once', async t => {
  const both = await startBoth(t, { flags: { 'max-waiting-requests': '2' } })
  const gone = new AbortController()
  const waiting = [1, 2].map(() => fetch(`${both.daemon.url}/fhir/Patient`, { signal: gone.signal }).catch(error => error as Error))
  await both.opening()
  const third = await fetch(`${both.daemon.url}/fhir/Patient`)
  t.equal(third.status, 503)
  t.equal(code(third), 'too-many-waiting')
  gone.abort()
  for (const error of await Promise.all(waiting)) t.match(error, { name: 'AbortError' })
})

t.test('a caller that will not wait gets the one-time link at once, and no browser opens', async t => {
  const both = await startBoth(t)
  const answer = await fetch(`${both.daemon.url}/dicom/studies`, { headers: { 'Hallpass-Interactive': 'never' } })
  t.equal(answer.status, 401)
  t.equal(code(answer), 'sign-in-required')
  t.strictSame(both.opened, [])
  const link = linkIn(answer)
  t.match(await answer.json(), { code: 'sign-in-required', status: 401, detail: new RegExp(link) })
  t.match(await signInByForm(link), { status: 200 })
  t.equal((await fetch(`${both.daemon.url}/dicom/studies`)).status, 200)
  const used = await fetch(link, { redirect: 'manual' })
  t.match(await used.text(), /You are signed in/, 'the link shows how it ended, and starts nothing')
})

t.test('without a desktop no browser opens; the link is told and works', async t => {
  const both = await startBoth(t, { desktop: false })
  const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  const { link, opened } = await both.told('sign-in-started')
  t.notOk(opened)
  await signInByForm(link)
  t.equal((await waiting).status, 200)
})

t.test('a sign-in that nobody finishes ends; no further browser opens, the next request gets the link of another', async t => {
  const both = await startBoth(t, { flags: { 'sign-in-wait-seconds': '3600', 'sign-in-limit-seconds': '60' } })
  const first = fetch(`${both.daemon.url}/fhir/Patient`)
  await both.opening()
  await both.timer(3_600_000)
  both.clock.advance(60_000)
  t.equal(code(await first), 'sign-in-expired')
  const second = await fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  t.equal(code(second), 'sign-in-required')
  t.equal(both.opened.length, 1)
  await signInByForm(linkIn(second))
  t.equal((await fetch(`${both.daemon.url}/fhir/Patient?_count=1`)).status, 200)
})

t.test('Cancel on the sign-in page ends the wait with its reason', async t => {
  const both = await startBoth(t)
  const waiting = fetch(`${both.daemon.url}/fhir/Patient`)
  const url = new URL(await followOpening(await both.opening()))
  const callback = new URL(url.searchParams.get('redirect_uri') ?? '')
  const body = new URLSearchParams({ state: url.searchParams.get('state') ?? '', error: 'access_denied', error_subcode: 'cancel' })
  const landing = await fetch(callback, { method: 'POST', body })
  t.match(await landing.text(), /The sign-in was cancelled/)
  const answer = await waiting
  t.equal(answer.status, 401)
  t.equal(code(answer), 'sign-in-cancelled')
})

t.test('an answer that arrives twice is redeemed once; wrong or missing state ends nothing', async t => {
  const both = await startBoth(t, { profile: { responseMode: 'query' } })
  const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  const opened = await followOpening(await both.opening())
  const callback = `${both.daemon.url}/-/callback`
  for (const bad of ['', '?code=x', '?state=x', '?state=x&code=y', '?state=x&code=y&code=z', '?code=y&error=x&state=z'])
    t.equal((await fetch(`${callback}${bad}`, { redirect: 'manual' })).status, 400, `"${bad}" is refused`)
  t.equal((await fetch(callback, { method: 'POST', body: 'state=x&code=y' })).status, 400)
  t.equal((await fetch(callback, { method: 'POST', body: 'x'.repeat(100_000) })).status, 400, 'an endless form is cut off')
  await signInByForm(opened)
  t.equal((await waiting).status, 200)
  const state = new URL(opened).searchParams.get('state')
  const again = await fetch(`${callback}?state=${state}&code=whatever`)
  t.match(await again.text(), /You are signed in/)
  t.equal(both.exchanges.filter(({ grantType }) => grantType === 'authorization_code').length, 1)
})

t.test('an answer whose form does not come whole in ten seconds is refused, and its connection closed', async t => {
  const both = await startBoth(t)
  const socket = connect(both.daemon.port, '127.0.0.1')
  const answer = socket.setEncoding('utf8').toArray()
  socket.write(`POST /-/callback HTTP/1.1\r\nHost: localhost:${both.daemon.port}\r\nContent-Length: 60000\r\n\r\ns`)
  await both.timer(10_000)
  socket.write('t')
  both.clock.advance(10_000)
  const text = (await answer).join('')
  t.match(text, /^HTTP\/1\.1 408 /)
  t.match(text, /Hallpass-Error: request-timeout/)
  const whole = fetch(`${both.daemon.url}/-/callback`, { method: 'POST', body: 'state=x&code=y' })
  t.equal((await whole).status, 400)
  t.notOk(both.clock.waiting().includes(10_000), 'who came in time is not timed any more')
})

t.test('whoever is signed in can be replaced only after signing out', async t => {
  const both = await startBoth(t)
  const first = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  await signInByForm(await both.opening(), 'ben@sandbox.example')
  t.equal((await first).status, 200)
  const refused = await fetch(`${both.daemon.url}/fhir/Patient`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/fhir+json' },
    body: '{"resourceType":"Patient"}',
  })
  t.equal(refused.status, 403, 'the service’s own refusal passes as it is')
  t.equal(code(refused), null)
})

t.test('the redirect URI is taken literally: at /, at a deep path, on another port, by form_post and by query', async t => {
  const free = await freePort()
  for (const redirectUri of ['http://localhost', 'http://localhost/Deep/Path/', `http://localhost:${free}/signed-in`]) {
    for (const responseMode of ['form_post', 'query']) {
      const both = await startBoth(t, { profile: { redirectUri, responseMode }, sandbox: { redirectUris: [redirectUri] } })
      const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
      const landing = await signInByForm(await both.opening())
      t.match(landing, { status: 200, html: /You are signed in/ }, `${redirectUri} by ${responseMode}`)
      t.notMatch(landing.url, /code=/)
      t.equal((await waiting).status, 200)
      both.clock.advance(10_000)
    }
  }
})

t.test('the other port of a redirect URI is open for the sign-in only, and when it is taken that is said', async t => {
  const port = await freePort()
  const redirectUri = `http://localhost:${port}/signed-in`
  const both = await startBoth(t, { profile: { redirectUri }, sandbox: { redirectUris: [redirectUri] } })
  await t.rejects(fetch(`http://127.0.0.1:${port}/`), 'closed before')
  const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  const opened = await both.opening()
  for (const host of ['127.0.0.1', '[::1]']) {
    const other = await fetch(`http://${host}:${port}/fhir/Patient`)
    t.equal(other.status, 404, 'no route is served there')
  }
  t.equal((await fetch(`http://127.0.0.1:${port}/signed-in?state=x&code=y`)).status, 400)
  await signInByForm(opened)
  t.equal((await waiting).status, 200)
  await both.timer(10_000)
  both.clock.advance(10_000)
  await closed(port)

  const held = createServer().listen(port, '::1')
  await once(held, 'listening')
  const second = await startBoth(t, { profile: { redirectUri }, sandbox: { redirectUris: [redirectUri] } })
  const refused = await fetch(`${second.daemon.url}/fhir/Patient`)
  t.equal(code(refused), 'redirect-port-taken')
  t.strictSame(second.opened, [], 'no browser opened to come back to a stranger')
  held.close()
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise(done => server.close(done))
  return port
}

/** Resolves when nothing listens on the port any more. */
async function closed(port: number): Promise<void> {
  while (
    await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    )
  );
}
