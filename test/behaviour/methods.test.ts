// Every method passes, the service sees chosen fields and one Authorization of ours, and its answers arrive as they are.

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

t.test('read, create, update, patch and delete a resource', async t => {
  const { daemon } = await signedIn(t)
  const send = (method: string, path: string, body?: object, fields: Record<string, string> = {}) =>
    fetch(`${daemon.url}/fhir/${path}`, {
      method,
      headers: { 'Content-Type': 'application/fhir+json', ...fields },
      ...(body && { body: JSON.stringify(body) }),
    })
  const patient = { resourceType: 'Patient', id: 'methods', name: [{ family: 'Example' }] }
  const created = await send('PUT', 'Patient/methods', patient)
  t.equal(created.status, 201)
  t.equal(created.headers.get('etag'), 'W/"1"')
  t.equal((await send('PUT', 'Patient/methods', { ...patient, active: true }, { 'If-Match': 'W/"1"' })).status, 200)
  t.equal((await send('PUT', 'Patient/methods', patient, { 'If-Match': 'W/"1"' })).status, 412, 'a stale If-Match reaches the service')
  const patch = [{ op: 'replace', path: '/active', value: false }]
  t.equal((await send('PATCH', 'Patient/methods', patch, { 'Content-Type': 'application/json-patch+json' })).status, 200)
  const head = await fetch(`${daemon.url}/fhir/Patient/methods`, { method: 'HEAD' })
  t.equal(head.status, 200)
  t.equal(head.headers.get('etag'), 'W/"3"')
  t.equal(await head.text(), '')
  const removed = await send('DELETE', 'Patient/methods')
  t.equal(removed.status, 204)
  t.equal(await removed.text(), '')
  t.equal((await send('GET', 'Patient/methods')).status, 410)
})

t.test('fields of the client’s own: what is for the service arrives, the rest does not', async t => {
  let seen: IncomingMessage | undefined
  const origin = createServer((request, response) => {
    seen = request
    response.writeHead(200, [
      ...[
        'ETag',
        'W/"7"',
        'X-Correlation-Id',
        'abc',
        'Set-Cookie',
        'a=b',
        'Access-Control-Allow-Origin',
        '*',
        'Connection',
        'x-hop',
        'X-Hop',
        '1',
      ],
      ...['Location', 'https://evil.example/', 'Hallpass-Error', 'forged'],
    ])
    response.end('{}')
  }).listen(0, '127.0.0.1')
  await once(origin, 'listening')
  t.teardown(() => origin.close())
  const { port } = origin.address() as { port: number }
  const both = await signedIn(t, { fhirRoute: { origin: `http://127.0.0.1:${port}/base` } })
  const answer = await fetch(`${both.daemon.url}/fhir/Patient?name=%C3%A9&ct=a%2Bb=`, {
    redirect: 'manual',
    headers: {
      Authorization: 'Bearer of-the-client',
      Cookie: 'session=1',
      Prefer: 'return=minimal',
      'X-Forwarded-For': '1.2.3.4',
      'X-HTTP-Method-Override': 'DELETE',
      'X-MS-AZUREFHIR-AUDIT-user': 'dev',
      'If-None-Match': 'W/"6"',
    },
  })
  await answer.text()
  const headers = seen?.headers ?? {}
  t.equal(seen?.url, '/base/Patient?name=%C3%A9&ct=a%2Bb=', 'the query arrives byte for byte')
  t.match(headers, { prefer: 'return=minimal', 'if-none-match': 'W/"6"', 'x-ms-azurefhir-audit-user': 'dev', host: `127.0.0.1:${port}` })
  t.match(headers.authorization, /^Bearer eyJ/)
  for (const name of ['cookie', 'x-forwarded-for', 'x-http-method-override']) t.equal(headers[name], undefined, name)
  t.equal(seen?.rawHeaders.filter(name => name.toLowerCase() === 'authorization').length, 1)
  t.match(Object.fromEntries(answer.headers), { etag: 'W/"7"', 'x-correlation-id': 'abc', location: 'https://evil.example/' })
  for (const name of ['set-cookie', 'access-control-allow-origin', 'x-hop', 'hallpass-error']) t.equal(answer.headers.get(name), null, name)
})

t.test('a redirect of the service is passed on, never followed', async t => {
  const asked: string[] = []
  const stranger = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end()
  }).listen(0, '127.0.0.1')
  await once(stranger, 'listening')
  const elsewhere = `http://127.0.0.1:${(stranger.address() as { port: number }).port}/x`
  const origin = createServer((_request, response) => response.writeHead(307, { Location: elsewhere }).end()).listen(0, '127.0.0.1')
  await once(origin, 'listening')
  t.teardown(() => [origin.close(), stranger.close()])
  const both = await signedIn(t, { fhirRoute: { origin: `http://127.0.0.1:${(origin.address() as { port: number }).port}` } })
  const answer = await fetch(`${both.daemon.url}/fhir/Patient`, { redirect: 'manual' })
  t.equal(answer.status, 307)
  t.equal(answer.headers.get('location'), elsewhere)
  t.strictSame(asked, [])
})

t.test('a path outside every route is 404, and names the routes', async t => {
  const both = await startBoth(t)
  for (const path of ['/nothing', '/fhirx', '/FHIR/Patient', '/-/nothing']) {
    const answer = await fetch(`${both.daemon.url}${path}`)
    t.equal(answer.status, 404, path)
    t.equal(answer.headers.get('hallpass-error'), 'no-route')
    t.match(await answer.text(), /\/fhir, \/dicom/)
  }
  for (const path of ['/-/health/live', '/-/health/ready', '/', '/-/sign-in'])
    t.equal((await fetch(`${both.daemon.url}${path}`)).status, 200, path)
})
