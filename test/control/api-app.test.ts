// The app of the control API by itself: what it takes, and the fields of whatever it answers.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { createHttpApi } from '../../src/control/http-api.ts'
import type { SocketApiParts } from '../../src/control/socket/parts.ts'
import { createSocketApi } from '../../src/control/socket-api.ts'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { sendRaw } from '../fixtures/raw-http.ts'

/** Whatever comes through as far as our own code is counted, and fails. */
async function listening(t: Test, create: typeof createHttpApi) {
  const reached: string[] = []
  const fail = (what: string) => (): never => {
    reached.push(what)
    throw new Error('the canary of an inner failure, Bearer abcdefghijklmnop')
  }
  const app = create({
    current: fail('current'),
    status: async () => ({ version: 1 }) as Awaited<ReturnType<SocketApiParts['status']>>,
    prove: fail('prove'),
    stop: fail('stop'),
  })
  await app.ready()
  const server = createServer((request, response) => app.routing(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.close().closeAllConnections()
    await app.close()
  })
  const ask = (line: string, body = '', type = 'application/json') => {
    const head = [`${line} HTTP/1.1`, 'Host: localhost', 'Connection: close', `Content-Length: ${Buffer.byteLength(body)}`]
    const fields = body === '' ? head : [...head, `Content-Type: ${type}`]
    return sendRaw((server.address() as AddressInfo).port, `${fields.join('\r\n')}\r\n\r\n${body}`)
  }
  return { ask, reached }
}

const closed = {
  'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

t.test('every answer over HTTP rests in no cache and does nothing in a browser', async t => {
  const { ask } = await listening(t, createHttpApi)
  const status = await ask('GET /-/api/status')
  t.equal(status?.status, 200)
  t.match(Object.fromEntries(status?.fields ?? []), { ...closed, 'cross-origin-resource-policy': 'same-origin' })
  for (const [line, body, code] of [
    ['GET /-/api/nothing', '', 'no-route'],
    ['GET /-/api/login', '', 'method-refused'],
    ['HEAD /-/api/status', '', 'method-refused'],
    ['POST /-/api/status', '{}', 'method-refused'],
    ['GET /-/api/%canary', '', 'target-refused'],
    ['GET /-/api/login/%canary', '', 'target-refused'],
    ['POST /-/api/login', '{', 'request-malformed'],
    ['POST /-/api/login', `{"open":true${' '.repeat(64 * 1024)}}`, 'request-malformed'],
    ['POST /-/api/login', '{"open":true}', 'internal'],
  ] as const) {
    const answer = await ask(line, body)
    t.match(Object.fromEntries(answer?.fields ?? []), { ...closed, 'hallpass-error': code }, `${line} ${body.slice(0, 20)}`)
    t.notMatch(answer?.body, /%canary|FST_|abcdefghijklmnop/)
  }
})

t.test('over HTTP there are sign-ins and the status, and nothing else of the socket', async t => {
  const { ask, reached } = await listening(t, createHttpApi)
  for (const line of [
    ...[
      'POST /-/api/token',
      'POST /-/api/stop',
      'POST /-/api/challenge',
      'GET /-/api/journal',
      'GET /-/api/journal/har',
      'GET /-/api/explain/x',
    ],
    ...['GET /-/api/secrets', 'POST /-/api/secrets', 'POST /-/api/secrets/remove'],
    ...['GET /-/api/certificates', 'POST /-/api/certificates', 'POST /-/api/certificates/remove'],
    ...['GET /status', 'POST /login', 'POST /token'],
  ])
    t.equal((await ask(line, line.startsWith('POST') ? '{"wait":true}' : ''))?.fields.get('hallpass-error'), 'no-route', line)
  t.strictSame(reached, [])
})

t.test('a body is taken exactly as it is defined, over HTTP and over the socket', async t => {
  for (const [create, prefix] of [
    [createHttpApi, '/-/api'],
    [createSocketApi, ''],
  ] as const) {
    const { ask, reached } = await listening(t, create)
    const bodies: [path: string, ...bodies: string[]][] = [
      [
        '/login',
        '{}',
        '{"open":1}',
        '{"open":"true"}',
        '{"open":true,"more":1}',
        '{"open":true,"profile":""}',
        '{"open":true,"profile":5}',
        '[]',
        '{',
      ],
      ['/login', `{"open":true,"profile":"${'x'.repeat(201)}"}`, `{"open":true,"profile":["dev"]}`, 'null'],
      ['/login/cancel', '{"more":1}', '{"profile":true}', '{"unlessWaitedFor":0}'],
      ['/logout', '{"more":1}', '{"all":"yes"}'],
    ]
    const ofTheSocket: typeof bodies = [
      ['/token', '{}', '{"wait":1}', '{"wait":true,"more":1}', '{"wait":true,"route":""}'],
      [
        '/secrets',
        '{"profile":"dev"}',
        '{"profile":"dev","secret":""}',
        '{"profile":"dev","secret":"x","more":1}',
        '{"profile":"dev","secret":"x","expires":"1"}',
      ],
      ['/secrets/remove', '{}', '{"profile":"dev","only":"all"}', '{"profile":"dev","more":1}'],
      ['/certificates', '{"profile":"dev"}', '{"profile":"dev","privateKey":"x","chain":[],"sendChain":true}'],
      ['/certificates/remove', '{}', '{"profile":"dev","only":5}'],
      [
        '/challenge',
        '{}',
        '{"nonce":""}',
        `{"nonce":"${'A'.repeat(42)}"}`,
        `{"nonce":"${'A'.repeat(44)}"}`,
        `{"nonce":"${'A'.repeat(42)}\\n"}`,
      ],
    ]
    for (const [path, ...texts] of prefix === '' ? [...bodies, ...ofTheSocket] : bodies)
      for (const text of texts) t.equal((await ask(`POST ${prefix}${path}`, text))?.status, 400, `${path} ${text.slice(0, 60)}`)
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
      'text/json',
    ])
      t.equal((await ask(`POST ${prefix}/login`, '{"open":true}', type))?.status, 415, type)
    t.strictSame(reached, [])
    t.equal((await ask(`POST ${prefix}/login`, '{"open":true}'))?.status, 500)
    t.strictSame(reached, ['current'], 'a good one gets through')
  }
})

t.test('the socket tells a failure by its code, without what was sent and without a secret', async t => {
  const { ask } = await listening(t, createSocketApi)
  const malformed = await ask('POST /login', '{"canary":')
  t.strictSame(JSON.parse(malformed?.body ?? ''), { code: 'request-malformed', particulars: {} })
  const inner = JSON.parse((await ask('POST /login', '{"open":true}'))?.body ?? '')
  t.equal(inner.code, 'internal')
  t.notMatch(inner.particulars.what, 'abcdefghijklmnop')
  t.type(new HallpassError('internal', inner.particulars).summary, 'string')
})
