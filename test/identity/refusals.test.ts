// What Entra ID and the network do to a renewal: who is asked, what is told, and that the next request has its chance at once.
import t from 'tap'
import type { HallpassError } from '../../src/errors/hallpass-error.ts'
import type { FaultName } from '../../src/sandbox/identity/fault-table.ts'
import { startRig } from '../harness/identity.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

t.test('4. Entra 503 once, then healthy: next request succeeds within 2 s (not 60)', async t => {
  const rig = await startRig(t)
  await rig.signIn(rig.fhir)
  rig.sandbox.faults.set('unavailable', { times: 1 })
  await t.rejects(rig.identity.silently(rig.fhir, { renew: true }), { code: 'entra-unreachable', message: /it answered 503/ })
  const before = Date.now()
  t.ok(await rig.identity.silently(rig.fhir, { renew: true }), 'MSAL has no 503 to remember')
  t.ok(Date.now() - before < 2_000)
})

t.test('a 429 tells how long to wait, and locks nothing', async t => {
  const rig = await startRig(t)
  await rig.signIn(rig.fhir)
  rig.sandbox.faults.set('throttled', { times: 1 })
  const failure = await rig.identity.silently(rig.fhir, { renew: true }).catch((error: unknown) => error as HallpassError)
  t.match(failure, { code: 'entra-unreachable', particulars: { retryAfterSeconds: 30 }, fields: { 'Retry-After': '30' } })
  t.ok(await rig.identity.silently(rig.fhir, { renew: true }))
})

const ends: FaultName[] = ['mfa', 'mfa-registration', 'mfa-enrolment', 'mfa-expired', 'conditional-access', 'device-not-compliant']
ends.push('device-not-joined', 'app-not-approved', 'device-not-managed', 'tenant-policy', 'security-defaults', 'external-account')
ends.push('account-deleted', 'refresh-token-revoked', 'refresh-token-expired', 'sign-in-frequency', 'session-expired')

t.test('7. invalid_grant with token_expired, and every other: "sign in again", with the reason, not a stack trace', async t => {
  const rig = await startRig(t)
  await rig.signIn(rig.fhir)
  const signedIn = rig.entry.text
  for (const fault of ends) {
    rig.entry.text = signedIn
    rig.sandbox.faults.set(fault)
    t.equal(await rig.restarted().silently(rig.fhir, { renew: true }), undefined, `${fault}: only a person can go on`)
    const { what = '', fix = '' } = rig.ends.at(-1) ?? {}
    t.match(what, /^AADSTS\d+: /, what)
    t.match(fix, /[.]$/, fix)
    t.notMatch(what, /Trace ID|Correlation ID|@|\n/)
  }
  t.equal(rig.ends.length, ends.length)
})

t.test('what is no answer of Entra ID is told for what it is, and the next request has its chance', async t => {
  const rig = await startRig(t, { sandbox: { slowMilliseconds: 10 } })
  await rig.signIn(rig.fhir)
  const cases: [FaultName, string, RegExp][] = [
    ['dead', 'entra-unreachable', /the connection broke/],
    ['captive-portal', 'entra-unclear', /a web page came instead of JSON/],
    ['truncated-json', 'entra-unclear', /it is not JSON/],
    ['client-loop', 'token-refused', /AADSTS50196/],
  ]
  for (const [fault, code, message] of cases) {
    rig.sandbox.faults.set(fault, { times: 1 })
    const failure = await rig.identity.silently(rig.fhir, { renew: true }).catch((error: unknown) => error)
    if (fault === 'client-loop') t.match(rig.ends.at(-1), { what: /AADSTS50196/, fix: /Wait five minutes/ })
    else t.match(failure, { code, message }, fault)
    rig.clock.advance(30_000)
    t.ok(await rig.identity.silently(rig.fhir, { renew: true }), `after ${fault}`)
  }
})

t.test('signing in meets the same: causes before a browser opens, and the words of Entra ID after', async t => {
  const rig = await startRig(t)
  for (const [fault, code] of [
    ['code-of-other-tenant', 'token-refused'],
    ['misconfigured', 'token-refused'],
    ['resource-not-listed', 'token-refused'],
    ['throttled', 'entra-unreachable'],
    ['captive-portal', 'entra-unclear'],
  ] as const) {
    const { url, redeem } = await rig.beginCode(rig.fhir)
    const answer = rig.answered()
    await signInByForm(url)
    rig.sandbox.faults.set(fault, { times: 1 })
    await t.rejects(redeem(await answer), { code }, fault)
  }
  t.equal(await rig.identity.account(), undefined)
})
