// The device code flow (RFC 8628): its pace, its end, and the words of its refusals.
import t, { type Test } from 'tap'
import type { HallpassError } from '../../src/errors/hallpass-error.ts'
import { createDevicePace } from '../../src/identity/device-pace.ts'
import type { DeviceAuthorization } from '../../src/identity/identity.ts'
import { manualClock } from '../fixtures/clocks.ts'
import { claimsOf, type Rig, type RigOptions, startRig } from '../harness/identity.ts'
import { enterDeviceCode } from '../harness/sign-in-form.ts'

const asked = (rig: Rig) => rig.grants.filter(grant => grant === 'device_code').length

async function begun(t: Test, options: RigOptions = {}): Promise<{ rig: Rig; device: DeviceAuthorization }> {
  const rig = await startRig(t, { ...options, profile: { flow: 'device-code', ...options.profile } })
  const authorization = await rig.identity.begin(rig.fhir)
  if (authorization.kind !== 'device') throw new Error('it is no device authorization')
  return { rig, device: authorization }
}

/** Resolves when the token endpoint has been asked once more. */
function question(rig: Rig): Promise<void> {
  return new Promise(resolve =>
    rig.sandbox.observer.on('exchange', ({ grantType }) => {
      if (grantType === 'device_code') resolve()
    }),
  )
}

t.test('a person enters the code elsewhere, and is signed in; after a restart the refresh token serves', async t => {
  const { rig, device } = await begun(t)
  t.match(device, {
    userCode: /^[A-Z0-9]{9}$/,
    verificationUri: `${rig.sandbox.identity.url}/device`,
    expiresAt: rig.clock.now() + 900_000,
  })
  t.equal(rig.identity.callbackPath, undefined, 'no redirect URI is used')
  t.equal((await enterDeviceCode(device.verificationUri, device.userCode, 'sign-in', 'ben@sandbox.example')).status, 200)
  await rig.timer(5_000)
  t.equal(asked(rig), 0, 'nothing is asked before the interval has passed')
  rig.clock.advance(5_000)
  t.match(claimsOf(await device.outcome), { aud: rig.fhir.audience, name: 'Ben Sample' })
  t.match(await rig.restarted().account(), { username: 'ben@sandbox.example' })
  t.match(claimsOf(await rig.restarted().silently(rig.dicom)), { aud: rig.dicom.audience, name: 'Ben Sample' })
  t.strictSame(rig.grants, ['device_code', 'refresh_token'])
})

t.test('8. Device code: slow_down adds 5 s; AADSTS code shown', async t => {
  const { rig, device } = await begun(t, { sandbox: { devicePollSeconds: 10 } })
  await rig.timer(10_000)
  rig.clock.advance(10_000)
  await rig.timer(10_000)
  // The server's clock stands, ours goes on: to the server the next question comes at once.
  rig.serverBehind(10_000)
  rig.clock.advance(10_000)
  await rig.timer(15_000)
  t.equal(asked(rig), 2, 'slow_down did not end it')
  rig.serverBehind(0)
  rig.clock.advance(15_000)
  await rig.timer(15_000)
  t.equal(asked(rig), 3, 'and five seconds are added for good')
  await enterDeviceCode(device.verificationUri, device.userCode)
  rig.sandbox.faults.set('conditional-access')
  rig.clock.advance(15_000)
  await t.rejects(device.outcome, { code: 'sign-in-refused', message: /AADSTS53003: Access has been blocked by Conditional Access/ })
})

t.test('cancel stops the questions at once', async t => {
  const { rig, device } = await begun(t)
  await rig.timer(5_000)
  device.cancel()
  await t.rejects(device.outcome, { code: 'sign-in-cancelled' })
  t.strictSame(rig.clock.waiting(), [], 'no timer is left')
  t.equal(asked(rig), 0)
})

t.test('a sign-in that is cancelled while its answer is on the way signs nobody in', async t => {
  const { rig, device } = await begun(t)
  await enterDeviceCode(device.verificationUri, device.userCode)
  const answered = question(rig)
  await rig.timer(5_000)
  rig.clock.advance(5_000)
  device.cancel()
  await t.rejects(device.outcome, { code: 'sign-in-cancelled' })
  await answered
  t.equal(await rig.identity.account(), undefined)
  t.equal(await rig.identity.silently(rig.fhir), undefined)
})

t.test('a code that nobody enters expires', async t => {
  const { rig, device } = await begun(t, { sandbox: { devicePollSeconds: 60 } })
  for (let minute = 1; minute <= 15; minute++) {
    await rig.timer(60_000)
    rig.clock.advance(60_000)
  }
  await t.rejects(device.outcome, { code: 'sign-in-expired' })
})

t.test('the person declines, or the tenant has its reasons: the text of Entra ID reaches the user', async t => {
  const declined = await begun(t)
  await enterDeviceCode(declined.device.verificationUri, declined.device.userCode, 'cancel')
  await declined.rig.timer(5_000)
  declined.rig.clock.advance(5_000)
  await t.rejects(declined.device.outcome, { code: 'sign-in-refused', message: /AADSTS65004/ })

  const appId = '44444444-aaaa-4bbb-8ccc-000000000003'
  const confidential = await begun(t, {
    profile: { clientId: appId },
    sandbox: { applications: [{ appId, displayName: 'No public flows', publicClientFlows: false }] },
  })
  await confidential.rig.timer(5_000)
  confidential.rig.clock.advance(5_000)
  const failure = await confidential.device.outcome.catch((error: unknown) => error)
  t.match(failure, { code: 'sign-in-refused', message: /AADSTS7000218/ })
  t.match((failure as HallpassError).remedy, /Allow public client flows/)
})

t.test('a request for a code that is refused says why, and shows no empty code', async t => {
  const rig = await startRig(t, { profile: { flow: 'device-code', clientId: '44444444-aaaa-4bbb-8ccc-00000000dead' } })
  await t.rejects(rig.identity.begin(rig.fhir), { code: 'sign-in-refused', message: /AADSTS700016/ })
  rig.sandbox.faults.set('throttled')
  await t.rejects(rig.identity.begin(rig.fhir), { code: 'entra-unreachable', particulars: { retryAfterSeconds: 30 } })
})

t.test('a server that cannot answer for a while is asked less often, and the sign-in goes on', async t => {
  const { rig, device } = await begun(t)
  rig.sandbox.faults.set('dead', { times: 1 })
  await rig.timer(5_000)
  rig.clock.advance(5_000)
  await rig.timer(10_000)
  rig.sandbox.faults.set('throttled', { times: 1 })
  rig.clock.advance(10_000)
  await rig.timer(30_000)
  await enterDeviceCode(device.verificationUri, device.userCode)
  rig.clock.advance(30_000)
  t.ok((await device.outcome).reveal(), 'after a cut connection and a 429 with Retry-After: 30')
})

t.test('a person is sent to a page by https or of the authorization server itself, with a code that can be typed', async t => {
  const answer = (more: object) => {
    const pace = createDevicePace(manualClock(0), 'http://localhost:3510')
    const body = { device_code: 'd', user_code: 'ABCD-EFGH', verification_uri: 'https://x.example/device', expires_in: 900, ...more }
    return pace.around(async () => ({ status: 200, headers: {}, body })).then(() => pace.code)
  }
  for (const good of [{}, { verification_uri: 'http://localhost:3510/device' }, { user_code: 'AB CD' }]) t.ok(await answer(good))
  t.match(await answer({ expires_in: 1e9 }), { expiresAt: 3_600_000 }, 'nobody waits longer than an hour')
  for (const bad of [
    ...['http://x.example/device', 'http://localhost:3511/device', 'javascript:alert(1)', 'x', '', 7].map(uri => ({
      verification_uri: uri,
    })),
    ...['', ' AB', 'AB\u001b[2J', 'A'.repeat(65), 7].map(code => ({ user_code: code })),
    ...[0, -1, '900', undefined].map(life => ({ expires_in: life })),
  ])
    await t.rejects(answer(bad), { code: 'entra-unclear' }, JSON.stringify(bad))
})
