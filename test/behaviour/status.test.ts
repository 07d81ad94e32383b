// `hallpass status` says how long each token is good, when it is renewed, what failed, and who waits.
import t from 'tap'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { startBoth } from '../harness/composed.ts'
import { createHome, hallpass, startDaemon, writeConfig } from '../harness/hallpass.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

t.test('as JSON: times of each token, the failure with its remedy, the pause, the waiting requests', async t => {
  const both = await startBoth(t, { driveDate: true, sandbox: { accessTokenSeconds: 3600 } })
  const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  const opened = await both.opening()
  await both.timer(120_000)
  const before = await both.control.status()
  t.match(before, { waitingRequests: 1, profiles: [{ profile: 'dev', waitingRequests: 1, signInLink: /\/-\/sign-in\// }] })
  t.match(before.routes[0], { tokenExpiresAt: null, refreshAt: null, refreshFailure: null, signInNeeded: true, pausedUntil: null })
  await signInByForm(opened)
  t.equal((await waiting).status, 200)
  const start = both.clock.now()
  const [fhir] = (await both.control.status()).routes
  const minutes = (text: string | null | undefined) => (Date.parse(text ?? '') - start) / 60_000
  // MSAL counts in whole seconds, rounded.
  t.ok(Math.abs(minutes(fhir?.tokenExpiresAt) - 60) < 0.1, `${minutes(fhir?.tokenExpiresAt)} minutes`)
  t.ok(minutes(fhir?.refreshAt) >= 44 && minutes(fhir?.refreshAt) <= 51, `${minutes(fhir?.refreshAt)} minutes`)

  both.sandbox.faults.set('unavailable')
  both.clock.advance(52 * 60_000)
  await both.told('refresh-failed')
  t.match((await both.control.status()).routes[0], {
    refreshFailure: { code: 'entra-unreachable', summary: /answered 503/, remedy: /network/ },
    tokenExpiresAt: fhir?.tokenExpiresAt,
  })

  both.sandbox.faults.set('refresh-token-revoked')
  both.clock.advance(60_000)
  await both.told('grant-ended')
  t.match((await both.control.status()).routes[0], { signInNeeded: true, refreshFailure: null, tokenExpiresAt: fhir?.tokenExpiresAt })
})

t.test('as text: a line that a person understands', async t => {
  const sandbox = await startSandbox()
  const home = createHome()
  const { tenantId, clientId, url } = sandbox.identity
  writeConfig(home, {
    port: 0,
    vault: 'memory',
    profiles: { dev: { tenantId, clientId, sandbox: url } },
    routes: { '/fhir': { origin: sandbox.fhir.url, kind: 'fhir', audience: sandbox.fhir.audience, profile: 'dev' } },
  })
  const daemon = await startDaemon(home, ['start'])
  t.teardown(async () => {
    await daemon.stop()
    await sandbox.close()
    home.remove()
  })
  const waiting = fetch(`${daemon.url}/fhir/Patient?_count=1`)
  const [, link = ''] = await daemon.printed(/open (http:\/\/localhost:\d+\/-\/sign-in\/\S+)/)
  t.match((await hallpass(home, ['status'])).stdout, /dev +waits for you \(1 requests? waits?\): http/)
  await signInByForm(link)
  t.equal((await waiting).status, 200)
  t.match((await hallpass(home, ['status'])).stdout, /\/fhir .* as dev, token until \S+.*, renewed at \S+/)
})
