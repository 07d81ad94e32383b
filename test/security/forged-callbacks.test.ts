// Strangers while a person signs in: a thousand forged answers neither complete the sign-in nor end it, and its state is handed out once.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { eventually, whileTimeGoesOn } from '../fixtures/clocks.ts'
import { seeded } from '../fixtures/seeded.ts'
import { type Brokered, startBroker } from '../harness/brokered.ts'
import { startBoth } from '../harness/composed.ts'
import { enterDeviceCode, followOpening, signInByForm } from '../harness/sign-in-form.ts'

t.test('1,000 forged callbacks during a sign-in: it completes once, and its code is redeemed once (requirement 17)', async t => {
  const both = await startBoth(t)
  const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  const opened = new URL(await followOpening(await both.opening()))
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

const code = (response: Response) => response.headers.get('hallpass-error')

for (const key of ['off', 'required'])
  t.test(
    `the link that a browser is started with leads on once; who asks second is told, and the sign-in has ended (key ${key})`,
    async t => {
      const both = await startBoth(t, { flags: { 'access-key': key, 'access-peer-check': 'off' } })
      const { file } = (await both.control.status()).access.key
      const headers =
        file === null
          ? {}
          : {
              'Hallpass-Key': readFileSync(file, 'utf8')
                .trim()
                .replace(/^Hallpass-Key: /, ''),
            }
      const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`, { headers })
      const link = await both.opening()
      t.equal((await fetch(link, { method: 'HEAD' })).status, 404, 'a look uses nothing up')
      t.equal((await fetch(`${link}x`)).status, 404)
      const stolen = await followOpening(link)
      const second = await fetch(link, { redirect: 'manual' })
      t.equal(second.status, 401)
      t.notOk(second.headers.get('location'))
      t.match(await second.text(), /was asked for twice.*hallpass status<\/code> shows who is signed in/s)
      t.equal(code(await waiting), 'sign-in-link-used')
      t.match(await both.told('sign-in-failed'), { code: 'sign-in-link-used' })
      t.match(await signInByForm(stolen, 'ben@sandbox.example'), { html: /was asked for twice/ })
      t.notOk((await both.control.status()).profiles[0]?.signedIn, 'the thief is not signed in')
    },
  )

t.test('a code that is being redeemed when the link is asked for again signs nobody in', async t => {
  const { broker, opened, sandbox, cached } = await startBroker(t)
  const { authorizationUrl = '', outcome } = await broker.signIn('dev', { open: 'again' })
  const secret = opened[0]?.split('/').at(-1) ?? ''
  t.match(broker.signIns.followOpening(secret), { used: false })
  sandbox.observer.on('exchange', ({ grantType }) => {
    if (grantType === 'authorization_code') broker.signIns.followOpening(secret)
  })
  await signInByForm(authorizationUrl, 'ben@sandbox.example')
  await t.rejects(outcome, { code: 'sign-in-link-used' })
  t.equal(await broker.signedIn('dev'), undefined)
  t.equal(cached(), undefined, 'nothing of the account is kept')
})

const ends: Record<string, (brokered: Brokered) => unknown> = {
  'sign-in-link-used': ({ broker, opened }) => broker.signIns.followOpening(opened[0]?.split('/').at(-1) ?? ''),
  'sign-in-cancelled': ({ broker }) => broker.signIns.cancel('dev'),
  'sign-in-cancelled, by a page': ({ broker }) => broker.signIns.decline('dev'),
  'sign-in-expired': ({ clock }) => clock.advance(600_000),
}

for (const [how, end] of Object.entries(ends))
  t.test(`a token that is being written to the vault when its sign-in ends is out of use at once (${how})`, async t => {
    const writes: (() => void)[] = []
    const brokered = await startBroker(t, { flush: () => new Promise(done => writes.push(done)) })
    const { broker, opened, fhir, cached } = brokered
    const { authorizationUrl = '', outcome } = await broker.signIn('dev', { open: 'again' })
    const ended = t.rejects(outcome, { code: how.split(',')[0] })
    broker.signIns.followOpening(opened[0]?.split('/').at(-1) ?? '')
    const landing = signInByForm(authorizationUrl, 'ben@sandbox.example')
    await eventually(() => writes.length > 0)
    t.ok(broker.tokens.peek(fhir), 'the token has come')
    end(brokered)
    t.equal(broker.tokens.peek(fhir), undefined)
    t.equal(cached(), undefined, 'nothing of the account is kept')
    await eventually(() => writes.length === 2)
    for (const done of writes) done()
    await Promise.all([ended, landing])
    t.equal(broker.tokens.peek(fhir), undefined)
    t.equal(await broker.signedIn('dev'), undefined)
  })

t.test('a code that is being redeemed when the sign-in is cancelled signs nobody in', async t => {
  const { broker, sandbox, cached } = await startBroker(t)
  const { authorizationUrl = '', outcome } = await broker.signIn('dev', { open: 'never' })
  sandbox.observer.on('exchange', ({ grantType }) => {
    if (grantType === 'authorization_code') broker.signIns.cancel('dev')
  })
  await signInByForm(authorizationUrl, 'ben@sandbox.example')
  await t.rejects(outcome, { code: 'sign-in-cancelled' })
  t.equal(await broker.signedIn('dev'), undefined)
  t.equal(cached(), undefined)
})

t.test('a device code’s token that is being written when the sign-in is cancelled is out of use at once', async t => {
  const writes: (() => void)[] = []
  const { broker, clock, fhir, cached } = await startBroker(t, {
    profile: { flow: 'device-code' },
    flush: () => new Promise(done => writes.push(done)),
  })
  const { device, outcome } = await broker.signIn('dev', { open: 'never' })
  const ended = t.rejects(outcome, { code: 'sign-in-cancelled' })
  await enterDeviceCode(device?.verificationUri ?? '', device?.userCode ?? '', 'sign-in', 'ben@sandbox.example')
  await whileTimeGoesOn(
    clock,
    eventually(() => writes.length > 0),
  )
  t.ok(broker.tokens.peek(fhir))
  broker.signIns.cancel('dev')
  t.equal(broker.tokens.peek(fhir), undefined)
  t.equal(cached(), undefined)
  await ended
})
