// After a 401 a request goes out once more with a new token, when every byte of it is still here; never twice, and never in part.
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http'
import t, { type Test } from 'tap'
import { buildConnector } from 'undici'
import type { Broker } from '../../src/broker/broker.ts'
import type { Acquiring } from '../../src/broker/tokens.ts'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { Connections } from '../../src/network/connections.ts'
import { minimumLifeMs } from '../../src/proxy/acquire.ts'
import { Bearer } from '../../src/terms/bearer.ts'
import { eventually } from '../fixtures/clocks.ts'
import { type Proxied, startOrigin, startProxied } from '../fixtures/proxied.ts'

type Asked = { authorization: string | undefined; body: string; whole: boolean; method: string | undefined; length: string | undefined }
type Setting = Proxied & { asked: Asked[]; acquired: Omit<Acquiring, 'signal'>[] }

const token = (text: string) => new Bearer(text, 'https://x', Date.now() + 3_600_000)

/** A broker's tokens in the order in which they are given out; an error instead of a token rejects. */
async function start(t: Test, tokens: (string | Error)[], refuse: (asked: Asked) => string | undefined): Promise<Setting> {
  const asked: Asked[] = []
  const acquired: Omit<Acquiring, 'signal'>[] = []
  const listener: RequestListener = (request, response) => {
    const { authorization, 'content-length': length } = request.headers
    const entry: Asked = { authorization, body: '', whole: false, method: request.method, length }
    asked.push(entry)
    request.on('data', chunk => {
      entry.body += chunk
    })
    request.on('error', () => undefined)
    const answer = () => {
      entry.whole = request.complete
      const challenge = refuse(entry)
      if (challenge !== undefined) response.writeHead(401, { 'WWW-Authenticate': challenge }).end('refused')
      else response.end(`served ${entry.body.length}`)
    }
    if (request.url === '/early') request.once('data', answer)
    else request.on('end', answer)
  }
  const origin = await startOrigin(t, listener)
  let current = tokens.shift() as string
  const broker = {
    tokens: {
      peek: () => token(current),
      reject: () => tokens.length > 0,
      acquire: async (_route: unknown, { signal: _, ...how }: Acquiring) => {
        acquired.push(how)
        const next = tokens.shift() ?? current
        if (next instanceof Error) throw next
        current = next
        return token(current)
      },
    },
    authorizationOrigin: () => '',
    onSignedOut: () => undefined,
  } as unknown as Broker
  return { ...(await startProxied(t, origin, { broker })), asked, acquired }
}

const invalid = 'Bearer error="invalid_token"'
const refuseFirst = ({ authorization }: Asked) => (authorization === 'Bearer first' ? invalid : undefined)

t.test('no body, a small body, a chunked one, an empty one, HEAD: once more with the new token', async t => {
  for (const [method, body] of [
    ['GET', undefined],
    ['POST', 'small'],
    ['PUT', new Blob(['chunked']).stream()],
    ['POST', ''],
    ['DELETE', undefined],
    ['HEAD', undefined],
  ] as const) {
    const { url, asked } = await start(t, ['first', 'second'], refuseFirst)
    const answer = await fetch(`${url}/Patient`, { method, ...(body !== undefined && { body, duplex: 'half' }) } as RequestInit)
    t.equal(answer.status, 200, `${method} ${body}`)
    await answer.arrayBuffer()
    t.strictSame(
      asked.map(({ authorization }) => authorization),
      ['Bearer first', 'Bearer second'],
    )
    t.equal(asked[0]?.body, asked[1]?.body)
    t.equal(asked[1]?.method, method)
  }
})

t.test('a second 401 passes through, with where it is explained: never a loop', async t => {
  for (const method of ['GET', 'HEAD', 'POST']) {
    const { url, asked, parts } = await start(t, ['first', 'second', 'third'], () => invalid)
    const answer = await fetch(`${url}/Patient`, { method })
    t.equal(answer.status, 401)
    t.equal(answer.headers.get('www-authenticate'), invalid)
    t.match(answer.headers.get('hallpass-explain'), /^http:\/\/localhost:1\/-\/explain\/[a-z0-9]{4}-1$/)
    t.equal(await answer.text(), method === 'HEAD' ? '' : 'refused')
    t.equal(asked.length, 2)
    t.match(parts.journal.records(), [{ status: 401, sent: 2, evidence: { replayed: true } }])
  }
})

t.test('when no other token is to be had, the service’s own 401 passes through', async t => {
  for (const [name, tokens] of [
    ['nobody to ask', ['first', new HallpassError('sign-in-required', { profile: 'dev', link: '' })]],
    ['the same again', ['first', 'first']],
    ['refused a moment ago', ['first']],
  ] as const)
    for (const method of ['GET', 'HEAD']) {
      const { url, asked, acquired } = await start(t, [...tokens], () => invalid)
      const answer = await fetch(`${url}/Patient`, { method })
      t.equal(answer.status, 401, `${name}, ${method}`)
      t.equal(acquired.length, name === 'refused a moment ago' ? 0 : 1, 'a token that the broker keeps is not asked for again')
      t.equal(answer.headers.get('hallpass-error'), null)
      t.equal(await answer.text(), method === 'HEAD' ? '' : 'refused')
      t.equal(asked.length, 1)
    }
})

t.test('only a 401 sends a request again: no other status does, whatever challenge it brings', async t => {
  const challenge = `Bearer error="insufficient_claims", claims="${Buffer.from('{"access_token":{}}').toString('base64')}"`
  for (const status of [200, 403, 409, 500, 503]) {
    const origin = await startOrigin(t, (_request, response) => response.writeHead(status, { 'WWW-Authenticate': challenge }).end())
    const rejected: unknown[] = []
    const peek = () => token('first')
    const tokens = { peek, reject: (...what: unknown[]) => rejected.push(what) > 0, acquire: async () => token('second') }
    const broker = { tokens, authorizationOrigin: () => '', onSignedOut: () => undefined } as unknown as Broker
    const { url, parts } = await startProxied(t, origin, { broker })
    t.equal((await fetch(`${url}/Patient`)).status, status)
    t.match(parts.journal.records(), [{ status, sent: 1 }])
    t.strictSame(rejected, [], `${status}: the token is kept`)
  }
})

t.test('a body beyond the bound is never sent again: its 401 passes through, and the token is dropped for the next', async t => {
  const { url, asked } = await start(t, ['first', 'second'], refuseFirst)
  const answer = await fetch(`${url}/Patient`, { method: 'POST', body: 'x'.repeat(64 * 1024 + 1) })
  t.equal(answer.status, 401)
  t.equal(asked.length, 1)
})

t.test('a body of just the bound is sent again, whole', async t => {
  const { url, asked } = await start(t, ['first', 'second'], refuseFirst)
  const answer = await fetch(`${url}/Patient`, { method: 'POST', body: 'x'.repeat(64 * 1024) })
  t.equal(await answer.text(), 'served 65536')
  t.strictSame(
    asked.map(({ length, whole }) => [length, whole]),
    [
      ['65536', true],
      ['65536', true],
    ],
  )
})

t.test('a 401 in the middle of an upload: what came so far goes out again, then the rest', async t => {
  const { url, asked } = await start(t, ['first', 'second'], refuseFirst)
  const upload = httpRequest(`${url}/early`, { method: 'POST', headers: { 'Content-Length': 20 } })
  const answered = once(upload, 'response') as Promise<[IncomingMessage]>
  upload.write('begun, ')
  for (let turn = 0; turn < 100_000 && !asked[1]?.body; turn++) await new Promise(setImmediate)
  upload.end('and ended.\n!!')
  const [answer] = await answered
  t.equal(answer.statusCode, 200)
  answer.resume()
  await once(answer, 'end')
  t.equal(asked.length, 2)
  t.equal(asked[1]?.body.startsWith('begun, '), true)
})

t.test('what the client sends while a new token is fetched waits, and the second sending has it all from the first byte', async t => {
  const setting = await start(t, ['first', 'second'], refuseFirst)
  const { tokens } = setting.parts.broker as unknown as { tokens: Record<string, unknown> }
  const body = `begun${'x'.repeat(200_000)}`
  const upload = httpRequest(`${setting.url}/early`, { method: 'POST', headers: { 'Content-Length': body.length } })
  const answered = once(upload, 'response') as Promise<[IncomingMessage]>
  tokens.acquire = async () => {
    upload.end(body.slice(5))
    for (let turn = 0; turn < 500; turn++) await new Promise(setImmediate)
    return token('second')
  }
  upload.write(body.slice(0, 5))
  const [answer] = await answered
  answer.resume()
  await once(answer, 'end')
  await eventually(() => setting.asked[1]?.body.length === body.length)
  t.equal(setting.asked[1]?.body, body)
})

t.test('the connection of the refused answer is free for the second sending', async t => {
  const { url, asked, parts } = await start(t, ['first', 'second'], refuseFirst)
  const dispatcher = new Connections(parts.routes[0]?.origin ?? '', buildConnector({}), 1, { pipelining: 1, maxHeaderSize: 16_384 })
  t.teardown(() => dispatcher.destroy())
  parts.dispatcherFor = () => dispatcher
  t.equal((await fetch(`${url}/Patient`)).status, 200)
  t.equal(asked.length, 2)
})

t.test('with 100-continue the body is asked for once', async t => {
  const { url, asked } = await start(t, ['first', 'second'], refuseFirst)
  const upload = httpRequest(`${url}/Patient`, { method: 'POST', headers: { Expect: '100-continue', 'Content-Length': 4 } })
  let continues = 0
  upload.on('continue', () => {
    continues++
    upload.end('body')
  })
  upload.flushHeaders()
  const [answer] = (await once(upload, 'response')) as [IncomingMessage]
  answer.resume()
  t.equal(answer.statusCode, 200)
  t.equal(continues, 1)
  t.strictSame(
    asked.map(({ body }) => body),
    ['body', 'body'],
  )
})

t.test('a claims challenge is answered with a token that has the claims', async t => {
  const claims = { access_token: { acrs: { essential: true, value: 'c1' } } }
  const challenge = `Bearer realm="", error="insufficient_claims", claims="${Buffer.from(JSON.stringify(claims)).toString('base64')}"`
  const { url, asked, acquired } = await start(t, ['first', 'second'], ({ authorization }) =>
    authorization === 'Bearer first' ? challenge : undefined,
  )
  t.equal((await fetch(`${url}/Patient`)).status, 200)
  t.equal(asked.length, 2)
  t.strictSame(acquired, [{ asking: 'wait', claims: JSON.stringify(claims) }])
})

t.test('claims in any other challenge are nobody’s demand', async t => {
  const challenge = `Bearer error="invalid_token", claims="${Buffer.from('{"access_token":{}}').toString('base64')}"`
  const { url, acquired } = await start(t, ['first', 'second'], ({ authorization }) =>
    authorization === 'Bearer first' ? challenge : undefined,
  )
  t.equal((await fetch(`${url}/Patient`)).status, 200)
  t.strictSame(acquired, [{ asking: 'wait' }])
})

t.test('one that cannot be sent again gets the claims for the next request', async t => {
  const challenge = `Bearer error="insufficient_claims", claims="${Buffer.from('{"access_token":{}}').toString('base64')}"`
  const { url, acquired } = await start(t, ['first', 'second'], ({ authorization }) =>
    authorization === 'Bearer first' ? challenge : undefined,
  )
  const send = () => fetch(`${url}/Patient`, { method: 'POST', body: 'x'.repeat(100_000) })
  t.equal((await send()).status, 401)
  t.match(acquired.at(-1), { claims: '{"access_token":{}}', asking: 'link' }, 'and no browser opens for it')
  t.equal((await send()).status, 200)
})

t.test('what goes wrong while claims are fetched for the next request is told, whatever it is, and ends nothing', async t => {
  const challenge = `Bearer error="insufficient_claims", claims="${Buffer.from('{"access_token":{}}').toString('base64')}"`
  const { url, events } = await start(t, ['first', new Error('other tokens came three times')], () => challenge)
  const answer = await fetch(`${url}/Patient`, { method: 'POST', body: 'x'.repeat(100_000) })
  t.equal(answer.status, 401)
  await eventually(() => events.some(({ event }) => event === 'refresh-failed'))
  t.match(events, [{ event: 'refresh-failed', profile: 'dev', code: 'internal' }])
})

t.test('a client that leaves while a new token is fetched ends it all', async t => {
  const setting = await start(t, ['first', 'second'], refuseFirst)
  let left: () => void = () => undefined
  const waiting = new Promise<void>(resolve => {
    left = resolve
  })
  const { tokens } = setting.parts.broker as unknown as { tokens: Record<string, unknown> }
  const aborted = new Promise(resolve => {
    tokens.acquire = (_route: unknown, { signal }: Acquiring) => {
      left()
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)) ?? resolve(signal))
    }
  })
  const request = httpRequest(`${setting.url}/Patient`).on('error', () => undefined)
  request.end()
  await waiting
  request.destroy()
  const signal = (await aborted) as AbortSignal
  if (!signal.aborted) await once(signal, 'abort')
  t.equal(setting.asked.length, 1)
})

t.test('a token that comes after the client has left sends nothing, be it the first or another', async t => {
  for (const first of [true, false]) {
    const { url, asked, parts } = await start(t, ['first', 'second'], refuseFirst)
    const { tokens } = parts.broker as unknown as { tokens: Record<string, unknown> }
    const asking = new Promise<(bearer: Bearer) => void>(resolve => {
      tokens.acquire = () => new Promise(resolve)
    })
    if (first) tokens.peek = () => undefined
    const leaving = httpRequest(`${url}/Patient`).on('error', () => undefined)
    leaving.end()
    const give = await asking
    leaving.destroy()
    await eventually(() => parts.journal.records().length === 1)
    give(token('second'))
    tokens.peek = () => token('third')
    t.equal((await fetch(`${url}/Patient`)).status, 200)
    t.strictSame(
      asked.map(({ authorization }) => authorization),
      first ? ['Bearer third'] : ['Bearer first', 'Bearer third'],
    )
  }
})

t.test('an upload starts with a token that lives as long as it may take', async t => {
  const life = (length: string | undefined, upload: object | null = {}) =>
    minimumLifeMs({ upload: upload ?? undefined, request: { headers: length === undefined ? {} : { 'content-length': length } } } as never)
  const minute = 60_000
  t.equal(life(undefined, null), 0, 'no body')
  t.equal(life('65536'), 0, 'small enough to be sent again')
  t.equal(life('60000000'), 6 * minute)
  t.equal(life('2000000000'), 5 * minute + 2_000_000)
  t.equal(life('200000000000'), 45 * minute)
  t.equal(life(undefined), 30 * minute, 'chunked')
})

t.test('the broker is asked for that life before the body is read', async t => {
  const { url, acquired, parts } = await start(t, ['first', 'second'], () => undefined)
  const short = new Bearer('short', 'https://x', Date.now() + 6 * 60_000)
  ;(parts.broker.tokens as { peek: unknown }).peek = () => short
  t.equal((await fetch(`${url}/Patient`, { method: 'POST', body: 'small' })).status, 200)
  t.strictSame(acquired, [])
  const large = new Uint8Array(80_000_000)
  t.equal((await fetch(`${url}/studies`, { method: 'POST', body: large })).status, 200)
  t.match(acquired, [{ asking: 'wait', minimumLifeMs: 380_000 }])
})
