// Tokens are renewed without a person, once for all who need one.
import t from 'tap'
import { startBoth } from '../harness/composed.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

t.test('a token near its end is refreshed silently: one token request for any number of callers, no browser', async t => {
  const both = await startBoth(t, { sandbox: { accessTokenSeconds: 200 } })
  const first = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  await signInByForm(await both.opening())
  t.equal((await first).status, 200)
  const refreshes = () => both.exchanges.filter(({ grantType }) => grantType === 'refresh_token').length
  const before = refreshes()
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${both.daemon.url}/fhir/Patient?_count=1`)))
  t.strictSame(new Set(answers.map(({ status }) => status)), new Set([200]))
  t.ok(refreshes() - before >= 1 && refreshes() - before < 20, `${refreshes() - before} refreshes for 20 parallel requests`)
  t.equal(both.opened.length, 1)
})

t.test('a refresh token that no longer works asks for a person again, and says nothing of an error', async t => {
  const both = await startBoth(t, { sandbox: { accessTokenSeconds: 200, refreshTokenSeconds: 0 } })
  const first = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  await signInByForm(await both.opening())
  t.equal((await first).status, 200)
  t.equal((await fetch(`${both.daemon.url}/fhir/Patient?_count=1`)).status, 200, 'the token that it brought is good to its end')
  both.clock.advance(260_000)
  const second = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  const opened = await both.opening(2)
  // The next token's life counts from the system's clock: MSAL knows no other.
  both.clock.advance(-260_000)
  await signInByForm(opened)
  t.equal((await second).status, 200)
})

t.test('a valid token is served when its refresh fails, and that is told', async t => {
  const both = await startBoth(t, { sandbox: { accessTokenSeconds: 200 } })
  const first = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  await signInByForm(await both.opening())
  t.equal((await first).status, 200)
  both.sandbox.faults.set('unavailable')
  t.equal((await fetch(`${both.daemon.url}/fhir/Patient?_count=1`)).status, 200)
  t.match(await both.told('refresh-failed'), { code: 'entra-unreachable', profile: 'dev' })
  both.clock.advance(260_000)
  const late = await fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  t.equal(late.status, 503, 'once it has run out, the cause is told')
  t.equal(late.headers.get('hallpass-error'), 'entra-unreachable')
  both.sandbox.faults.set(undefined)
  t.equal((await fetch(`${both.daemon.url}/fhir/Patient?_count=1`)).status, 200, 'and it works again at once')
})
