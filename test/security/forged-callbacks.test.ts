// A thousand forged answers of an authorization server, while a person signs in: they neither complete the sign-in nor end it.
import t from 'tap'
import { seeded } from '../fixtures/seeded.ts'
import { startBoth } from '../harness/composed.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

t.test('1,000 forged callbacks during a sign-in: it completes once, and its code is redeemed once (requirement 17)', async t => {
  const both = await startBoth(t)
  const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  const opened = new URL(await both.opening())
  const state = opened.searchParams.get('state') ?? ''
  t.equal(opened.searchParams.get('code_challenge_method'), 'S256')
  t.match(opened.searchParams.get('code_challenge'), /^[\w-]{43}$/)
  t.ok(opened.searchParams.get('nonce'))
  t.ok(Buffer.from(state, 'base64url').length >= 32, 'a state of 256 bits')

  const random = seeded(17)
  const states = [
    ...[
      '',
      'x',
      state.slice(0, -1),
      `${state}x`,
      state.toUpperCase(),
      state.split('').reverse().join(''),
      `${state}\0`,
      'undefined',
      '__proto__',
    ],
    ...['constructor', '../', '%00', `${state} `, ` ${state}`, 'a'.repeat(500)],
  ]
  const parameters = () => {
    const form = new URLSearchParams()
    if (random.integer(10) > 0) form.append('state', random.pick(states))
    if (random.integer(4) > 0) form.append('code', random.pick(['x', '', 'y'.repeat(900), '0.AAA']))
    if (random.integer(4) === 0) form.append('error', random.pick(['access_denied', 'x', '']))
    if (random.integer(8) === 0) form.append('state', random.pick(states))
    return form
  }
  const statuses = new Map<number, number>()
  const forge = async () => {
    const form = parameters()
    const post = random.integer(2) === 0
    const url = `${both.daemon.url}/-/callback${post ? '' : `?${form}`}`
    const origin: Record<string, string> = random.integer(2) === 0 ? { Origin: 'http://evil.test', 'Sec-Fetch-Site': 'cross-site' } : {}
    const answer = await fetch(url, { redirect: 'manual', headers: origin, ...(post && { method: 'POST', body: form }) })
    await answer.arrayBuffer()
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
  }
  for (let round = 0; round < 50; round++) await Promise.all(Array.from({ length: 20 }, forge))
  t.strictSame([...statuses], [[400, 1000]], 'each is answered 400')
  t.notOk(
    both.exchanges.some(({ grantType }) => grantType === 'authorization_code'),
    'no code was redeemed',
  )
  t.notOk(both.events.some(({ event }) => event === 'sign-in-failed'))

  await signInByForm(opened.href)
  t.equal((await waiting).status, 200, 'the person’s own sign-in goes on')
  t.equal(both.exchanges.filter(({ grantType }) => grantType === 'authorization_code').length, 1)
  t.equal(both.opened.length, 1)
  const late = await fetch(`${both.daemon.url}/-/callback?state=${state}&code=forged`, { redirect: 'manual' })
  t.ok(late.status < 500)
  t.equal(both.exchanges.filter(({ grantType }) => grantType === 'authorization_code').length, 1, 'a state is used once')
})
