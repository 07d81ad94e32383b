// A token endpoint that answers what it should not: nobody is signed in by it, and nothing is locked.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { Agent } from 'undici'
import { createNetworkModule } from '../../src/identity/network-module.ts'
import { readRetryAfter } from '../../src/identity/retry-after.ts'
import { type Rig, startRig } from '../harness/identity.ts'

type Answer = { status?: number; fields?: Record<string, string>; body: unknown }

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const tenant = '5a4db0c5-0000-4000-8000-00000000ad00'
const [uid, utid] = ['11111111-1111-4111-8111-111111111111', tenant]

/** A good answer for this nonce, with changes; what is set to undefined is left out. */
function goodAnswer(nonce: string | null, changes: object = {}): Answer {
  const claims = { oid: uid, sub: 's', tid: utid, preferred_username: 'ada@sandbox.example', iss: 'i', aud: 'a', nonce, exp: 4e9, iat: 1 }
  const good = { token_type: 'Bearer', access_token: 'a.b.c', expires_in: 3600, ext_expires_in: 3600, refresh_token: 'r', scope: 's' }
  return { body: { ...good, id_token: `${encode({ alg: 'none' })}.${encode(claims)}.x`, client_info: encode({ uid, utid }), ...changes } }
}

/** A rig whose authority answers every token request by what `reply` holds. */
async function rigAnswering(t: Test, reply: Answer): Promise<Rig> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const { status = 200, fields, body } = reply
      response.writeHead(status, { 'Content-Type': 'application/json', ...fields }).end(JSON.stringify(body))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  return startRig(t, { profile: { tenantId: tenant, sandbox: `http://127.0.0.1:${(server.address() as { port: number }).port}` } })
}

t.test('an answer signs in only by the nonce of its own sign-in, and only somebody who can be named', async t => {
  const reply: Answer = { body: {} }
  const rig = await rigAnswering(t, reply)
  const end = async (answerTo: (nonce: string) => Answer) => {
    const { url, state, redeem } = await rig.beginCode(rig.fhir)
    Object.assign(reply, answerTo(new URL(url).searchParams.get('nonce') ?? ''))
    return redeem({ state, code: 'c', clientInfo: undefined })
  }
  const bad: [string, (nonce: string) => Answer, RegExp][] = [
    ['another nonce', () => goodAnswer('another'), /belongs to another sign-in \(nonce\)/],
    ['no nonce', () => goodAnswer(null), /belongs to another sign-in \(nonce\)/],
    ['no identity token', nonce => goodAnswer(nonce, { id_token: undefined }), /belongs to another sign-in \(nonce\)/],
    ['a broken identity token', nonce => goodAnswer(nonce, { id_token: 'x' }), /gave no token/],
    ['no access token', nonce => goodAnswer(nonce, { access_token: undefined }), /gave no token/],
    ['no life', nonce => goodAnswer(nonce, { expires_in: undefined }), /gave no token/],
    ['a life of words', nonce => goodAnswer(nonce, { expires_in: 'soon' }), /gave no token/],
    ['nothing', () => ({ body: {} }), /gave no token/],
  ]
  for (const [name, answerTo, message] of bad) {
    await t.rejects(end(answerTo), { code: 'token-refused', message }, name)
    if (/nonce/.test(name)) t.equal(rig.entry.text, undefined, `${name}: nobody is signed in`)
  }
  for (const changes of [{}, { client_info: undefined }]) t.ok(await end(nonce => goodAnswer(nonce, changes)))
  t.match(await rig.restarted().account(), { username: 'ada@sandbox.example' })
})

t.test(
  'every sign-in has a state, a nonce and a challenge of 256 bits of its own; the early question shows neither state nor nonce',
  async t => {
    const questions: URLSearchParams[] = []
    const grants: URLSearchParams[] = []
    const server = createServer(async (request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://localhost')
      if (request.method === 'GET') {
        questions.push(searchParams)
        return response.writeHead(302, { Location: `${searchParams.get('redirect_uri')}?error=login_required` }).end()
      }
      grants.push(new URLSearchParams(await text(request)))
      return response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":"invalid_grant"}')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => server.close().closeAllConnections())
    const rig = await startRig(t, { profile: { sandbox: `http://127.0.0.1:${(server.address() as { port: number }).port}` } })
    const seen: string[] = []
    for (let round = 0; round < 2; round++) {
      const { url, state, check, redeem } = await rig.beginCode(rig.fhir)
      const asked = new URL(url).searchParams
      const own = ['state', 'nonce', 'code_challenge'].map(name => asked.get(name) ?? '')
      for (const value of own) t.match(value, /^[\w-]{43}$/)
      t.equal(asked.get('state'), state)
      t.equal(asked.get('code_challenge_method'), 'S256')
      await check()
      t.equal(questions.at(-1)?.get('prompt'), 'none')
      for (const name of ['state', 'nonce']) t.notOk(own.includes(questions.at(-1)?.get(name) ?? ''), `another ${name}`)
      await t.rejects(redeem({ state, error: 'access_denied', description: undefined, subcode: undefined }), { code: 'sign-in-refused' })
      t.equal(grants.length, round, 'an error redeems nothing')
      await t.rejects(redeem({ state, code: 'c', clientInfo: undefined }), { code: 'token-refused' })
      const verifier = grants.at(-1)?.get('code_verifier') ?? ''
      t.equal(createHash('sha256').update(verifier).digest('base64url'), own[2], 'whoever redeems the code began the sign-in')
      seen.push(...own)
    }
    t.equal(new Set(seen).size, seen.length)
  },
)

t.test('Retry-After on a refusal does not lock the request inside MSAL', async t => {
  const refusal = {
    status: 400,
    fields: { 'Retry-After': '60' },
    body: { error: 'invalid_client', error_description: 'AADSTS7000218: no' },
  }
  const rig = await rigAnswering(t, refusal)
  for (let count = 0; count < 2; count++) {
    const { state, redeem } = await rig.beginCode(rig.fhir)
    await t.rejects(redeem({ state, code: 'c', clientInfo: undefined }), { code: 'token-refused', message: /AADSTS7000218: no/ })
  }
})

t.test('a token endpoint that says nothing ends by our time-out', async t => {
  const server = createServer(() => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new Agent()
  t.teardown(async () => {
    await agent.destroy()
    server.close().closeAllConnections()
  })
  const origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  const module = createNetworkModule(origin, () => agent, 50)
  await t.rejects(module.sendPostRequestAsync(`${origin}/token`, { body: 'a=b' }), {
    code: 'entra-unreachable',
    message: /no answer came in time/,
  })
})

t.test('Retry-After is seconds or a date, and never more than an hour', async t => {
  const now = Date.parse('2026-11-26T12:00:00Z')
  const cases: [string | undefined, number | undefined][] = [
    ['30', 30],
    ['0', 0],
    ['999999', 3600],
    ['Thu, 26 Nov 2026 12:00:10 GMT', 10],
    ['Thu, 26 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['', undefined],
    [undefined, undefined],
  ]
  for (const [value, expected] of cases) t.equal(readRetryAfter(value, now), expected, String(value))
})
