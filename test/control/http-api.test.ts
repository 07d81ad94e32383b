// The control API over HTTP: its key in a field, POST and JSON, no other page, and nothing changes by GET. Requirement 15.
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { startBoth } from '../harness/composed.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

async function started(t: Test) {
  const both = await startBoth(t, { flags: { 'access-key': 'required', 'access-allowed-origins': 'http://localhost:3000' } })
  const file = (both.daemon.access.key.file ?? '').replace('/key-', '/api-key-')
  const key = readFileSync(file, 'utf8').trim().slice('Hallpass-Key: '.length)
  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
    fetch(`${both.daemon.url}/-/api${path}`, { method, headers, ...(body !== undefined && { body }) })
  return { ...both, key, ask, withKey: { 'Hallpass-Key': key }, json: { 'Hallpass-Key': key, 'Content-Type': 'application/json' } }
}

const codeOf = (answer: Response) => `${answer.status} ${answer.headers.get('hallpass-error')}`

t.test('without the key nothing is told and nothing done', async t => {
  const { ask, events, opened, exchanges } = await started(t)
  for (const [method, path] of [
    ['GET', '/status'],
    ['POST', '/login'],
    ['POST', '/logout'],
    ['GET', '/login'],
    ['GET', '/nothing'],
    ['OPTIONS', '/status'],
  ] as const) {
    const answer = await ask(method, path)
    t.equal(codeOf(answer), '401 key-required', `${method} ${path}`)
    t.notMatch(await answer.text(), /sandbox|dev|ada/)
  }
  t.strictSame([opened, exchanges, events.filter(({ event }) => event !== 'request-refused')], [[], [], []])
})

t.test('status, sign-in and sign-out, as on the socket', async t => {
  const { ask, withKey, json, opening } = await started(t)
  const status = await ask('GET', '/status', withKey)
  t.equal(status.status, 200)
  t.equal(status.headers.get('cache-control'), 'no-store')
  t.equal(status.headers.get('x-content-type-options'), 'nosniff')
  t.match(await status.json(), { version: 1, profiles: [{ profile: 'dev', signedIn: false }], access: { key: { required: true } } })
  const login = (await (await ask('POST', '/login', json, '{"open":true}')).json()) as { id: string; link: string }
  t.match(login.link, /\/-\/sign-in\/[A-Za-z0-9_-]{22}$/)
  const outcome = ask('GET', `/login/${login.id}`, withKey)
  await signInByForm(await opening())
  t.match(await (await outcome).json(), { profile: 'dev', username: 'ada@sandbox.example' })
  t.match(await (await ask('GET', '/status', withKey)).json(), { profiles: [{ signedIn: true }] })
  t.strictSame(await (await ask('POST', '/logout', json, '{"profile":"dev"}')).json(), { profiles: ['dev'] })
  t.match(await (await ask('GET', '/status', withKey)).json(), { profiles: [{ signedIn: false }] })
})

t.test('GET changes nothing, forms are not taken, tokens and secrets are for the socket alone', async t => {
  const { ask, withKey, json, opened } = await started(t)
  for (const path of ['/login', '/logout']) {
    const answer = await ask('GET', path, withKey)
    t.equal(codeOf(answer), '405 method-refused', path)
    t.equal(answer.headers.get('allow'), 'POST')
  }
  t.equal(codeOf(await ask('POST', '/status', json, '{}')), '405 method-refused')
  for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x'])
    t.equal(codeOf(await ask('POST', '/login', { ...withKey, 'Content-Type': type }, 'open=true')), '415 media-type-refused', type)
  for (const body of ['{', '{"open":1,"x":2}', '[]', '{"open":true,"profile":5,"__proto__":{}}']) {
    const answer = await ask('POST', '/login', json, body)
    t.equal(codeOf(answer), '400 request-malformed', body)
    t.notMatch(await answer.text(), /__proto__|"x"|FST_/)
  }
  for (const path of ['/token', '/secrets', '/stop', '/challenge'])
    t.equal(codeOf(await ask('POST', path, json, '{}')), '404 no-route', path)
  t.strictSame(opened, [])
})

t.test('no other page asks, though it had the key: not even one that may call services', async t => {
  const { ask, json, daemon, opened } = await started(t)
  const foreign: Record<string, string>[] = [
    { Origin: 'http://evil.com' },
    { Origin: 'null' },
    { Origin: 'http://localhost:3000' },
    { Origin: 'http://localhost:3000', 'Sec-Fetch-Site': 'same-site' },
    { Origin: 'http://localhost:3000', 'Sec-Fetch-Site': 'same-origin' },
    { Referer: 'http://evil.com/' },
    { Referer: 'http://localhost:3000/app' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'none' },
    { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document', 'Sec-Fetch-Site': 'cross-site' },
  ]
  for (const fields of foreign) {
    t.equal(codeOf(await ask('POST', '/login', { ...json, ...fields }, '{"open":true}')), '403 browser-refused', JSON.stringify(fields))
    const preflight = await ask('OPTIONS', '/login', { ...fields, 'Access-Control-Request-Method': 'POST' })
    t.equal(preflight.status, 403)
  }
  t.strictSame(opened, [])
  const own = { Origin: daemon.url, Referer: `${daemon.url}/`, 'Sec-Fetch-Site': 'same-origin' }
  t.equal((await ask('GET', '/status', { ...json, ...own })).status, 200, 'our own page does')
})
