// What the exchange asks of the broker beside a token: another one for a refused one, one with claims, one that lives long enough.
import t from 'tap'
import { eventually } from '../fixtures/clocks.ts'
import { startBroker } from '../harness/brokered.ts'

const how = {
  asking: 'link' as const,
  get signal() {
    return new AbortController().signal
  },
}
const hour = 3_600_000
const contextClaims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c1' } } })

t.test(
  'a token that the service refused is replaced once; a service that refuses every token does not make us ask without end',
  async t => {
    const { broker, fhir, grants, signIn, clock } = await startBroker(t)
    await signIn()
    const first = await broker.tokens.acquire(fhir, how)
    t.ok(broker.tokens.reject(fhir, first))
    t.equal(broker.tokens.peek(fhir), undefined, 'it is not used again')
    const second = await broker.tokens.acquire(fhir, how)
    t.not(second.reveal(), first.reveal())
    t.equal(grants('refresh_token'), 1)

    t.ok(broker.tokens.reject(fhir, first), 'a refusal that comes late costs nothing: there is another token by now')
    t.equal(await broker.tokens.acquire(fhir, how), second)
    for (let round = 0; round < 100; round++) {
      t.notOk(broker.tokens.reject(fhir, second), 'the replacement is kept')
      t.equal(await broker.tokens.acquire(fhir, how), second)
    }
    t.equal(grants('refresh_token'), 1)
    clock.advance(61_000)
    t.ok(broker.tokens.reject(fhir, second), 'after a minute a refusal counts again')
    const third = await broker.tokens.acquire(fhir, how)
    clock.advance(61_000)
    t.notOk(broker.tokens.reject(fhir, third), 'the second time for two minutes')
    t.equal(grants('refresh_token'), 2)
  },
)

t.test('a claims challenge is met by a renewal with the claims, one for all who had it', async t => {
  const { broker, fhir, grants, signIn } = await startBroker(t)
  await signIn()
  const first = await broker.tokens.acquire(fhir, how)
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => {
      broker.tokens.reject(fhir, first)
      return broker.tokens.acquire(fhir, { ...how, claims: contextClaims })
    }),
  )
  t.equal(new Set(answers).size, 1)
  t.equal(grants('refresh_token'), 1)
  t.strictSame(claimsOf(answers[0]?.reveal()).acrs, ['c1'])
  t.ok(broker.tokens.reject(fhir, first), 'one whose challenge was under way meanwhile')
  t.equal(await broker.tokens.acquire(fhir, { ...how, claims: contextClaims }), answers[0])
  t.equal(grants('refresh_token'), 1)
})

t.test('a claims challenge that only a person can meet asks for one, with the claims', async t => {
  const { broker, fhir, sandbox, signIn } = await startBroker(t)
  await signIn()
  const first = await broker.tokens.acquire(fhir, how)
  sandbox.faults.set('mfa', { times: 1 })
  t.ok(broker.tokens.reject(fhir, first))
  await t.rejects(broker.tokens.acquire(fhir, { ...how, claims: contextClaims }), { code: 'sign-in-required' })
  const { claims } = Object.fromEntries(new URL(broker.signIns.pendingOf('dev')?.authorizationUrl ?? '').searchParams)
  t.match(JSON.parse(claims ?? ''), JSON.parse(contextClaims))
  await signIn()
  const second = await broker.tokens.acquire(fhir, { ...how, claims: contextClaims })
  t.strictSame(claimsOf(second.reveal()).acrs, ['c1'])
})

t.test('a service that wants other claims each time makes us ask neither Entra nor a person without end', async t => {
  const { broker, fhir, grants, signIn, opened, clock } = await startBroker(t)
  await signIn()
  const before = await broker.tokens.acquire(fhir, how)
  const demands = (value: number) => JSON.stringify({ access_token: { nbf: { essential: true, value: String(value) } } })
  const met = await broker.tokens.acquire(fhir, { ...how, claims: demands(0) })
  t.not(met, before)
  for (let value = 1; value < 100; value++)
    t.equal(await broker.tokens.acquire(fhir, { ...how, asking: 'wait', claims: demands(value) }), met, 'what is at hand, refused or not')
  t.equal(grants('refresh_token'), 1)
  t.strictSame(opened, [])
  clock.advance(61_000)
  t.not(await broker.tokens.acquire(fhir, { ...how, claims: demands(100) }), met, 'a minute later another challenge counts')
})

t.test('who needs a token for long gets one that lives long enough, where a renewal can give it', async t => {
  const { broker, fhir, grants, signIn, clock } = await startBroker(t, { sandbox: { accessTokenSeconds: 3600 } })
  await signIn()
  const first = await broker.tokens.acquire(fhir, how)
  clock.advance(1_800_000)
  t.equal(await broker.tokens.acquire(fhir, { ...how, minimumLifeMs: 1_200_000 }), first, 'half an hour is enough for twenty minutes')
  const second = await broker.tokens.acquire(fhir, { ...how, minimumLifeMs: 2_400_000 })
  t.ok(second.lifeLeft(clock.now()) >= 3_590_000)
  t.equal(grants('refresh_token'), 1)
  for (let round = 0; round < 20; round++) t.equal(await broker.tokens.acquire(fhir, { ...how, minimumLifeMs: 86_400_000 }), second)
  t.equal(grants('refresh_token'), 1, 'a day is more than any token lives: nobody asks again and again')
})

t.test('a token is renewed at about 80 % of its life, jittered, and no longer once nobody has used it for a day', async t => {
  const { broker, fhir, grants, signIn, clock } = await startBroker(t, { sandbox: { accessTokenSeconds: 3600 } })
  await signIn()
  await broker.tokens.acquire(fhir, how)
  const start = clock.now()
  const due = () => broker.tokenState(fhir).refreshAt ?? 0
  const parts: number[] = []
  for (let at = due(); at - start < 24 * hour - 15_000; at = due()) {
    parts.push((at - clock.now()) / hour)
    clock.advance(at - clock.now() + 15_000)
    await eventually(() => due() !== at)
  }
  t.ok(parts.length >= 27 && parts.length <= 32, `${parts.length} renewals in a day without a request`)
  t.ok(
    parts.every(part => part > 0.74 && part <= 0.85),
    parts.join(),
  )
  t.equal(new Set(parts).size, parts.length, 'never twice after the same time')
  t.equal(grants('refresh_token'), parts.length)
  clock.advance(10 * hour)
  await broker.tokens.acquire(fhir, how)
  t.equal(grants('refresh_token'), parts.length + 1, 'none in the ten hours after that, and it still works')
})

function claimsOf(token = ''): { acrs?: string[] } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
}
