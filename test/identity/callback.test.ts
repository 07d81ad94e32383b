// What counts as an answer of an authorization server, where it is taken, and what is said to the browser that brings it.
import { once } from 'node:events'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { handleCallback, isCallback, parseAuthorizationResponse } from '../../src/identity/callback.ts'
import type { AuthorizationResponse } from '../../src/identity/identity.ts'
import { systemClock } from '../fixtures/clocks.ts'

const parse = (text: string) => parseAuthorizationResponse(new URLSearchParams(text))

t.test('an answer has a state, and a code or an error, each once', async t => {
  t.strictSame(parse('state=s&code=c'), { state: 's', code: 'c', clientInfo: undefined })
  t.strictSame(parse('state=s&code=c&client_info=i&session_state=x'), { state: 's', code: 'c', clientInfo: 'i' })
  t.match(parse('state=s&error=e&error_description=d&error_subcode=cancel'), {
    state: 's',
    error: 'e',
    description: 'd',
    subcode: 'cancel',
  })
  const none = [
    '',
    'state=s',
    'code=c',
    'error=e',
    'state=&code=c',
    'state=s&code=c&error=e',
    'state=s&state=s&code=c',
    'state=s&state=t&code=c',
  ]
  for (const text of [...none, 'state=s&code=c&code=c', 'state=s&code=c&code=d', 'state=s&error=e&error=f', 'STATE=s&code=c'])
    t.equal(parse(text), undefined, text)
})

t.test('answers are taken at their path alone, by GET or POST; at the root only what looks like one', async t => {
  const paths = new Set(['/-/callback', '/'])
  const taken: [string, string][] = [
    ['GET', '/-/callback?state=s&code=c'],
    ['GET', '/-/callback'],
    ['POST', '/-/callback'],
    ['POST', '/'],
    ['GET', '/?state=s&code=c'],
    ['GET', '/?state=s&error=e'],
  ]
  const not: [string, string][] = [
    ['PUT', '/-/callback?state=s&code=c'],
    ['OPTIONS', '/-/callback'],
    ['GET', '/-/callback/?state=s&code=c'],
    ['GET', '/-/CALLBACK?state=s&code=c'],
    ['POST', '/-/callback/x'],
    ['GET', '/'],
    ['GET', '/?state=s'],
    ['GET', '/?code=c'],
    ['HEAD', '/?state=s&code=c'],
    ['GET', '/fhir?state=s&code=c'],
  ]
  for (const [method, target] of taken) t.ok(isCallback(method, target, paths), `${method} ${target}`)
  for (const [method, target] of not) t.notOk(isCallback(method, target, paths), `${method} ${target}`)
})

/** A redirect path that knows one state. */
async function start(t: Test) {
  const completed: AuthorizationResponse[] = []
  const server = createServer((request, response) =>
    handleCallback(request, response, systemClock, async answer => {
      if (answer.state !== 'known') return undefined
      completed.push(answer)
      return '/done'
    }),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/-/callback`
  const send = (parameters: string, method = 'GET') =>
    method === 'GET'
      ? fetch(`${url}?${parameters}`, { redirect: 'manual' })
      : fetch(url, { method, body: new URLSearchParams(parameters), redirect: 'manual' })
  return { completed, send }
}

t.test('the code leaves the address bar at once: it is neither kept nor told on', async t => {
  const { completed, send } = await start(t)
  for (const method of ['GET', 'POST']) {
    const answer = await send('state=known&code=c', method)
    t.equal(answer.status, 303)
    t.match(Object.fromEntries(answer.headers), { location: '/done', 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  }
  t.equal(completed.length, 2)
})

t.test('what nobody waits for is answered 400, and so is what is too long to be an answer', async t => {
  const { completed, send } = await start(t)
  const long = 'x'.repeat(70_000)
  for (const [parameters, method] of [
    ['state=other&code=c', 'GET'],
    ['state=known', 'GET'],
    ['state=known&code=c&code=d', 'POST'],
    [`state=known&code=c&more=${long}`, 'POST'],
  ] as const) {
    const answer = await send(parameters, method)
    t.equal(answer.status, 400)
    t.equal(answer.headers.get('hallpass-error'), 'sign-in-state')
    t.notMatch(await answer.text(), /known|other/)
  }
  t.strictSame(completed, [])
})
