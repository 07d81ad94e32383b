// A route's rule refuses before any token is used and before anybody is asked; fields are forwarded by name; what was left out is counted and shown.
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import t, { type Test } from 'tap'
import { type Composed, startBoth } from '../harness/composed.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

async function signedIn(t: Test, options: Parameters<typeof startBoth>[1] = {}): Promise<Composed> {
  const both = await startBoth(t, options)
  const waiting = fetch(`${both.daemon.url}/dicom/studies`)
  await signInByForm(await both.opening())
  await (await waiting).arrayBuffer()
  return both
}

t.test('what a rule does not name is refused, with the rule, and nobody is asked to sign in', async t => {
  const { daemon, opened, exchanges } = await startBoth(t, { fhirRoute: { access: ['read-only', 'create'] } })
  const body = JSON.stringify({ resourceType: 'Patient' })
  for (const [method, path, interaction] of [
    ['PUT', '/Patient/1', 'update'],
    ['DELETE', '/Patient/1', 'delete'],
    ['POST', '/', 'transaction'],
    ['POST', '/Patient/$own-name', 'operation'],
    ['GET', '/$export', '$export'],
  ] as const) {
    const answer = await fetch(`${daemon.url}/fhir${path}`, { method, ...(method !== 'GET' && { body }) })
    t.equal(answer.status, 403, interaction)
    t.equal(answer.headers.get('hallpass-error'), 'access-refused')
    const { issue } = (await answer.json()) as { issue: { code: string; diagnostics: string }[] }
    t.equal(issue[0]?.code, 'forbidden')
    t.match(issue[0]?.diagnostics, `it is ${interaction}, and "access" allows read-only, create`)
  }
  t.strictSame(opened, [])
  t.strictSame(
    exchanges.filter(({ service }) => service !== 'identity'),
    [],
  )
})

t.test('what it names passes: reading, searching by POST, creating', async t => {
  const { daemon } = await signedIn(t, { fhirRoute: { access: ['read-only', 'create'] } })
  const form = { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: '_count=1' }
  t.equal((await fetch(`${daemon.url}/fhir/Patient/_search`, form)).status, 200)
  t.equal((await fetch(`${daemon.url}/fhir/Patient?_count=1`)).status, 200)
  const created = await fetch(`${daemon.url}/fhir/Patient`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/fhir+json' },
    body: JSON.stringify({ resourceType: 'Patient' }),
  })
  t.equal(created.status, 201)
})

async function startRecorder(t: Test): Promise<{ origin: string; seen: () => IncomingMessage | undefined }> {
  let seen: IncomingMessage | undefined
  const server = createServer((request, response) => {
    seen = request
    response.end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  return { origin: `http://127.0.0.1:${(server.address() as { port: number }).port}`, seen: () => seen }
}

t.test('forwardFields adds names, of the route and of all; what is dropped and replaced is counted and shown', async t => {
  const { origin, seen } = await startRecorder(t)
  const { daemon, control } = await signedIn(t, {
    fhirRoute: { origin, forwardFields: ['X-My-Trace'] },
    flags: { 'forward-fields': 'X-Of-All' },
  })
  await fetch(`${daemon.url}/fhir/Patient`, {
    headers: { 'X-My-Trace': '1', 'x-of-ALL': '2', 'X-Unknown': '3', Cookie: 'a=b', Authorization: 'Basic eA==' },
  })
  t.match(seen()?.headers, { 'x-my-trace': '1', 'x-of-all': '2', authorization: /^Bearer / })
  for (const name of ['x-unknown', 'cookie']) t.equal(seen()?.headers[name], undefined, name)
  const { exchanges } = await control.status()
  t.equal(exchanges.ownAuthorizations, 1)
  t.match(exchanges.droppedFields, { 'x-unknown': 1, cookie: 1 })
  t.equal(exchanges.droppedFields['x-my-trace'], undefined)
})

t.test('the journal holds what was done, and nothing of whom it was done to', async t => {
  const { daemon, control } = await signedIn(t)
  const canary = 'Chalmers-77421'
  await fetch(`${daemon.url}/fhir/Patient/${canary}?name=${canary}`, { headers: { 'X-Canary': canary, Prefer: canary } })
  await fetch(`${daemon.url}/fhir/Patient/$${canary.toLowerCase()}`)
  await fetch(`${daemon.url}/dicom/studies/1.2.77421/series?PatientName=${canary}`)
  await fetch(`${daemon.url}/fhir/${canary}`, { method: 'PUT', body: JSON.stringify({ name: canary }) })
  const { exchanges } = await control.journal()
  t.notMatch(JSON.stringify([exchanges, await control.har(), await control.status()]), /77421/i)
  t.match(
    exchanges.map(({ method, template, status, by }) => [method, template, status, by]),
    [
      ['GET', '/studies', 200, 'service'],
      ['GET', '/Patient/{id}', 404, 'service'],
      ['GET', '/Patient/{operation}', Number, 'service'],
      ['GET', '/studies/{study}/series', Number, 'service'],
      ['PUT', '/{id}', Number, 'service'],
    ],
  )
  t.match(exchanges[1], { route: '/fhir', profile: 'dev', interaction: 'read', sent: 1, droppedFields: Number, ownAuthorization: false })
  t.ok(exchanges.every(({ totalMs, originMs }) => totalMs >= originMs && originMs > 0))
})
