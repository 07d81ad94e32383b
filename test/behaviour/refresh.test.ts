// Tokens are renewed without a person, once for all who need one, and before anybody needs it.
import t, { type Test } from 'tap'
import { whileTimeGoesOn } from '../fixtures/clocks.ts'
import { type Composed, startBoth } from '../harness/composed.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

const minute = 60_000
const hour = 60 * minute

async function startSignedIn(t: Test, sandbox: { accessTokenSeconds: number; refreshTokenSeconds?: number }): Promise<Composed> {
  const both = await startBoth(t, { sandbox, driveDate: true })
  const first = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  await signInByForm(await both.opening())
  t.equal((await first).status, 200)
  return both
}

const get = async ({ daemon }: Composed, path = '/fhir/Patient?_count=1') => {
  const response = await fetch(`${daemon.url}${path}`)
  await response.arrayBuffer()
  return response
}

const refreshes = ({ exchanges }: Composed) => exchanges.filter(({ grantType }) => grantType === 'refresh_token').length

t.test('1,000 requests during an expiry: one token request, 0 failures', async t => {
  const both = await startSignedIn(t, { accessTokenSeconds: 3600 })
  both.clock.sleep(2 * hour)
  const before = refreshes(both)
  const statuses: number[] = []
  // A hundred connections, ten requests on each, all of them while the token is renewed or just after.
  const client = async () => {
    for (let round = 0; round < 10; round++) statuses.push((await get(both, '/fhir/Patient/absent')).status)
  }
  await Promise.all(Array.from({ length: 100 }, client))
  t.equal(statuses.length, 1000)
  t.strictSame(new Set(statuses), new Set([404]), 'every one got the service’s own answer')
  t.equal(refreshes(both) - before, 1)
  t.equal(both.opened.length, 1)
})

t.test('the clock jumps eight hours: the next request works after one refresh', async t => {
  const both = await startSignedIn(t, { accessTokenSeconds: 3600 })
  both.clock.sleep(8 * hour)
  const before = refreshes(both)
  t.equal((await get(both)).status, 200)
  t.equal(refreshes(both) - before, 1)
  t.equal(both.opened.length, 1)
})

t.test('after sleep the token is renewed at once, with nobody asking for it', async t => {
  const both = await startSignedIn(t, { accessTokenSeconds: 3600 })
  both.clock.sleep(8 * hour)
  const renewed = both.exchanged(({ grantType }) => grantType === 'refresh_token')
  both.clock.advance(15_000)
  await renewed
  const before = refreshes(both)
  t.equal((await get(both)).status, 200)
  t.equal(refreshes(both), before, 'the request found it at hand')
})

t.test('Entra dead for ten minutes with a token valid for twenty: 0 failed requests, warning shown', async t => {
  const both = await startSignedIn(t, { accessTokenSeconds: 4800 })
  both.clock.advance(60 * minute)
  both.sandbox.faults.set('dead')
  const statuses = new Set<number>()
  for (let second = 0; second < 600; second += 10) {
    both.clock.advance(10_000)
    statuses.add((await get(both)).status)
  }
  t.strictSame(statuses, new Set([200]))
  t.match(await both.told('refresh-failed'), { code: 'entra-unreachable', profile: 'dev', remedy: /network/ })
  t.equal(both.events.filter(({ event }) => event === 'refresh-failed').length, 1, 'told once, not with every try')
  both.sandbox.faults.set(undefined)
  const before = refreshes(both)
  for (let look = 0; look < 8 && refreshes(both) === before; look++) {
    both.clock.advance(15_000)
    t.equal((await get(both)).status, 200)
  }
  both.clock.sleep(15 * minute)
  t.equal((await get(both)).status, 200, 'past the end of the first token')
  t.equal(refreshes(both) - before, 1, 'renewed within two minutes after Entra was back')
})

t.test('Refresh endpoint down, token still valid 20 min: request served, warning shown', async t => {
  const both = await startSignedIn(t, { accessTokenSeconds: 3600 })
  both.clock.advance(40 * minute)
  both.sandbox.faults.set('unavailable')
  both.clock.advance(14 * minute)
  t.equal((await get(both)).status, 200)
  t.match(await both.told('refresh-failed'), { code: 'entra-unreachable', profile: 'dev', audience: both.sandbox.fhir.audience })
})

t.test('Entra 503 once, then healthy: next request succeeds within 2 s (not 60)', async t => {
  const both = await startSignedIn(t, { accessTokenSeconds: 3600 })
  both.clock.sleep(2 * hour)
  both.sandbox.faults.set('unavailable', { times: 1 })
  t.equal((await whileTimeGoesOn(both.clock, get(both))).status, 200, 'even the request that met it')

  both.clock.sleep(2 * hour)
  both.sandbox.faults.set('unavailable', { times: 2 })
  const refused = await whileTimeGoesOn(both.clock, get(both))
  t.equal(refused.status, 503)
  t.equal(refused.headers.get('hallpass-error'), 'entra-unreachable')
  t.match(refused.headers.get('retry-after'), /^[12]$/)
  const [route] = (await both.control.status()).routes
  t.ok(Date.parse(route?.pausedUntil ?? '') - both.clock.now() <= 2_000 || route?.pausedUntil === null, 'asked again within 2 s')
  t.equal((await whileTimeGoesOn(both.clock, get(both))).status, 200)
})

t.test('a throttled request is left alone for as long as Entra says, and not longer', async t => {
  const both = await startSignedIn(t, { accessTokenSeconds: 3600 })
  both.clock.sleep(2 * hour)
  both.sandbox.faults.set('throttled')
  const asked = () => both.exchanges.filter(({ target }) => target.includes('/token')).length
  const before = asked()
  const first = await whileTimeGoesOn(both.clock, get(both))
  t.equal(first.status, 503)
  t.match(first.headers.get('retry-after'), /^3[01]$/)
  for (let round = 0; round < 20; round++) t.equal((await get(both)).status, 503)
  t.equal(asked() - before, 1)
  both.sandbox.faults.set(undefined)
  both.clock.advance(31_000)
  t.equal((await get(both)).status, 200)
})

t.test('a captive portal costs no request while the token lives, and is told as what it is', async t => {
  const both = await startSignedIn(t, { accessTokenSeconds: 3600 })
  both.sandbox.faults.set('captive-portal')
  both.clock.advance(52 * minute)
  t.equal((await get(both)).status, 200)
  t.match(await both.told('refresh-failed'), { code: 'entra-unclear', summary: /web page came instead/, remedy: /captive portal/ })
  t.match(await both.control.status(), { routes: [{ refreshFailure: { code: 'entra-unclear' }, pausedUntil: /T/ }, {}] })
  both.clock.sleep(2 * hour)
  const late = await whileTimeGoesOn(both.clock, get(both))
  t.equal(late.headers.get('hallpass-error'), 'entra-unclear')
})

t.test('while Entra is away and there is no valid token, answers are quick and say when to come again', async t => {
  const both = await startSignedIn(t, { accessTokenSeconds: 3600 })
  both.clock.sleep(2 * hour)
  both.sandbox.faults.set('unavailable')
  const asked = () => both.exchanges.filter(({ target }) => target.includes('/token')).length
  const [start, before] = [both.clock.now(), asked()]
  let answers = 0
  for (; both.clock.now() - start < 3 * minute; answers++) {
    const began = both.clock.now()
    const { status, headers } = await whileTimeGoesOn(both.clock, get(both))
    if (both.clock.now() - began > 3_000) t.fail(`an answer took ${both.clock.now() - began} ms`)
    const retryAfter = Number(headers.get('retry-after'))
    if (status !== 503 || headers.get('hallpass-error') !== 'entra-unreachable') t.fail(`status ${status}`)
    if (!(retryAfter >= 1 && retryAfter <= 31)) t.fail(`Retry-After: ${retryAfter}`)
    both.clock.advance(1_000)
  }
  t.ok(answers > 100, `${answers} answers`)
  t.ok(asked() - before <= 25, `${asked() - before} questions to Entra in three minutes, for ${answers} requests`)
  both.sandbox.faults.set(undefined)
  both.clock.advance(31_000)
  t.equal((await get(both)).status, 200)
})

t.test('a refresh token that no longer works asks for a person again, and says nothing of an error', async t => {
  const both = await startSignedIn(t, { accessTokenSeconds: 3600, refreshTokenSeconds: 0 })
  both.clock.advance(58 * minute)
  t.equal((await get(both)).status, 200, 'the token that it brought is good to its end')
  both.clock.advance(10 * minute)
  const second = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  await signInByForm(await both.opening(2))
  t.equal((await second).status, 200)
  t.notOk(both.events.some(({ event }) => event === 'refresh-failed'))
})

t.test('`invalid_grant` with `token_expired` -> "sign in again", not a stack trace', async t => {
  const both = await startSignedIn(t, { accessTokenSeconds: 3600 })
  both.sandbox.faults.set('sign-in-frequency')
  both.clock.sleep(2 * hour)
  const answer = await fetch(`${both.daemon.url}/fhir/Patient`, { headers: { 'Hallpass-Interactive': 'never' } })
  t.equal(answer.status, 401)
  t.equal(answer.headers.get('hallpass-error'), 'sign-in-required')
  const text = await answer.text()
  t.match(text, /hallpass login/)
  t.notMatch(text, /AADSTS70043|\bat .*\.js/)
})
