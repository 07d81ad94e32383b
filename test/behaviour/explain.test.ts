// A refusal of the service passes unchanged, and says where it is explained: whose word it is, what was compared, and the one command.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import t, { type Test } from 'tap'
import type { ExchangeReport } from '../../src/control/client/wire.ts'
import { type Composed, type ComposedOptions, startBoth } from '../harness/composed.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

const nora = '0c0c0c0c-5a4d-4b0c-8000-000000000003'

async function signedInAs(t: Test, username: string, options: ComposedOptions = {}): Promise<Composed> {
  const both = await startBoth(t, options)
  const waiting = fetch(`${both.daemon.url}/fhir/Patient`)
  await signInByForm(await both.opening(), username)
  await (await waiting).arrayBuffer()
  return both
}

/** Follows the link of a refusal, as a program does. */
async function explained(answer: Response): Promise<ExchangeReport> {
  const link = answer.headers.get('hallpass-explain') ?? ''
  const page = await fetch(link, { headers: { Accept: 'application/json' } })
  return (await page.json()) as ExchangeReport
}

async function startService(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

const outcome = (code: string, diagnostics: string) =>
  JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, diagnostics }] })

t.test('FHIR 403 `forbidden` names role, principal oid (from token) and service; other 403s are passed unchanged', async t => {
  const both = await signedInAs(t, 'nora@sandbox.example')
  const answer = await fetch(`${both.daemon.url}/fhir/Patient/1`)
  t.equal(answer.status, 403)
  t.match(await answer.json(), { issue: [{ code: 'forbidden', diagnostics: 'Authorization failed.' }] }, 'the body is the service’s own')
  const report = await explained(answer)
  t.match(report, {
    status: 403,
    by: 'service',
    path: '/fhir/Patient/{id}',
    summary: /lacks a data-plane role/,
    cause: new RegExp(`signed-in user \\(object ID ${nora}\\).*${both.sandbox.fhir.url}`),
    remedy: /"FHIR Data Reader".*some minutes/,
    command: `az role assignment create --assignee-object-id ${nora} --assignee-principal-type User --role "FHIR Data Reader" --scope RESOURCE-ID-OF-THE-SERVICE`,
  })
  t.notMatch(JSON.stringify(report), /eyJ/, 'never the token')
  const writing = await fetch(`${both.daemon.url}/fhir/Patient`, {
    method: 'POST',
    body: '{}',
    headers: { 'Content-Type': 'application/fhir+json' },
  })
  t.match((await explained(writing)).remedy, /"FHIR Data Contributor"/)
  await writing.arrayBuffer()
  const id = answer.headers.get('hallpass-explain')?.split('/').at(-1) ?? ''
  t.strictSame(await both.control.explain(id), report, 'the command line is told the same')
})

t.test('other 403s are not mistaken for a missing role', async t => {
  const bodies: [string, string, RegExp][] = [
    ['application/fhir+json', outcome('not-supported', 'Search is not supported.'), /does not say that a role is missing/],
    ['application/fhir+json', outcome('forbidden', 'The patient Chalmers is sealed.'), /does not say/],
    ['application/fhir+json', outcome('processing', 'Server failed to authenticate the request'), /does not say/],
    ['text/plain', 'Authorization failed. Or something else.', /does not say/],
    ['text/html', `<h1>Authorization failed.</h1>${' '.repeat(6_000)}`, /does not say/],
    ['application/fhir+json', outcome('forbidden', 'Authorization failed.'), /has no role/],
    ['text/plain', 'Authorization failed.', /has no role/],
  ]
  let next = 0
  const origin = await startService(t, (_request, response) => {
    const [type, body] = bodies[next % bodies.length] as [string, string, RegExp]
    response.writeHead(403, { 'Content-Type': type }).end(body)
  })
  const both = await signedInAs(t, 'ada@sandbox.example', { fhirRoute: { origin } })
  for (const [index, [type, body, cause]] of bodies.entries()) {
    next = index
    const answer = await fetch(`${both.daemon.url}/fhir/Patient?name=Chalmers`)
    t.equal(answer.headers.get('content-type'), type)
    t.equal(await answer.text(), body, 'unchanged')
    const report = await explained(answer)
    t.match(report.cause, cause, body.slice(0, 60))
    t.notMatch(JSON.stringify(report), /Chalmers/)
    t.equal(report.command === null, !cause.source.includes('has no role'))
  }
})

t.test('DICOM says it in plain text: the role is DICOM Data Owner for storing, Reader for the rest', async t => {
  const both = await signedInAs(t, 'nora@sandbox.example')
  const reading = await fetch(`${both.daemon.url}/dicom/studies`)
  t.equal(reading.status, 403)
  t.match(await reading.text(), /^Authorization failed\.\s*$/)
  t.match(await explained(reading), { path: '/dicom/studies', remedy: /"DICOM Data Reader"/, command: /--role "DICOM Data Reader"/ })
  const storing = await fetch(`${both.daemon.url}/dicom/studies`, {
    method: 'POST',
    body: 'x',
    headers: { 'Content-Type': 'application/dicom' },
  })
  await storing.arrayBuffer()
  t.match(await explained(storing), { remedy: /"DICOM Data Owner"/ })
})

t.test('FHIR 401 "audience is invalid" prints token `aud` beside the expected one', async t => {
  const dicom = 'https://dicom.healthcareapis.azure.com'
  const both = await signedInAs(t, 'ada@sandbox.example', { fhirRoute: { audience: dicom, scopes: [`${dicom}/Dicom.ReadWrite`] } })
  const answer = await fetch(`${both.daemon.url}/fhir/Patient`)
  t.equal(answer.status, 401)
  await answer.arrayBuffer()
  const report = await explained(answer)
  const expected = both.sandbox.fhir.audience
  t.match(report, {
    summary: /refused the token \(401\)/,
    cause: `The token is for ${dicom}, and the service asks for one for ${expected}.`,
    remedy: `Set "audience" of the route /fhir to "${expected}".`,
    command: null,
  })
  const facts = Object.fromEntries(report.facts)
  t.match(facts, {
    'audience of the token (aud)': dicom,
    'audience that the service asks for': expected,
    'what the service says': /invalid_token: .*audience/,
  })
  t.ok(facts['tenant of the token (tid)'] && facts['expires (exp)'])
  const unauthorized = both.exchanges.filter(({ service, rawHeaders }) => service === 'fhir' && !rawHeaders.includes('authorization'))
  t.equal(unauthorized.length, 1, 'the service was asked once without a token, for the explanation')
})

t.test('a claims challenge of the service: renewed with the claims, then sent again; nobody is asked when that is enough', async t => {
  const both = await signedInAs(t, 'ada@sandbox.example')
  both.sandbox.faults.set('claims-challenge')
  for (const round of [1, 2]) t.equal((await fetch(`${both.daemon.url}/fhir/Patient?_count=1`)).status, 200, `request ${round}`)
  const statuses = both.exchanges.filter(({ service }) => service === 'fhir').map(({ status }) => status)
  t.strictSame(statuses.slice(-3), [401, 200, 200], 'the second request has what it needs')
  t.equal(both.opened.length, 1)
})

t.test('an exchange that hallpass refused, one that went well, one that nobody knows', async t => {
  const both = await signedInAs(t, 'ada@sandbox.example', { fhirRoute: { access: 'read-only' } })
  await fetch(`${both.daemon.url}/fhir/Patient/1`, { method: 'DELETE' })
  const { exchanges } = await both.control.journal()
  t.match(await both.control.explain(exchanges[1]?.id ?? ''), { by: 'hallpass', cause: /403 access-refused/, remedy: /add "delete"/ })
  t.match(await both.control.explain(exchanges[0]?.id ?? ''), { by: 'service', summary: 'The service answered 200.', facts: [] })
  await t.rejects(both.control.explain('zzzz-1'), { code: 'no-such-exchange', remedy: /last 1000 exchanges/ })
  const page = await fetch(`${both.daemon.url}/-/explain/${exchanges[1]?.id}`, { headers: { Accept: 'text/html' } })
  t.match(page.headers.get('content-security-policy'), /default-src 'none'/)
  t.match(await page.text(), /<h1>The route \/fhir does not let this request pass/)
  t.equal((await fetch(`${both.daemon.url}/-/explain/zzzz-1`)).status, 404)
})

t.test('the token is in no explanation, journal or archive', async t => {
  const both = await signedInAs(t, 'nora@sandbox.example')
  const { token } = await both.control.token({ wait: false })
  const answer = await fetch(`${both.daemon.url}/fhir/Patient`)
  await answer.arrayBuffer()
  const text = JSON.stringify([
    await explained(answer),
    await both.control.journal(),
    await both.control.har(),
    await both.control.status(),
  ])
  const [, payload = '', signature = ''] = token.split('.')
  for (const part of [payload, signature, createHash('sha256').update(token).digest('hex')]) t.notMatch(text, part)
})
