// Signing in with a code (RFC 8628), end to end: the waiting request, the page, the command.
import t, { type Test } from 'tap'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { whileTimeGoesOn } from '../fixtures/clocks.ts'
import { startBoth } from '../harness/composed.ts'
import { createHome, runHallpass, startDaemon, writeConfig } from '../harness/hallpass.ts'
import { enterDeviceCode, followOpening } from '../harness/sign-in-form.ts'

const code = (response: Response) => response.headers.get('hallpass-error')
const device = { profile: { flow: 'device-code' } }

t.test('a request waits until the code was typed in; the page shows it, and goes on by itself until the sign-in has ended', async t => {
  const both = await startBoth(t, device)
  const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  const page = await both.opening()
  const { link, userCode = '', verificationUri = '' } = await both.told('sign-in-started')
  t.equal(await followOpening(page), `${link}?opened`, 'the browser is led to our own page: no link carries the code')
  const shown = await (await fetch(link, { redirect: 'manual' })).text()
  t.match(shown, userCode)
  t.match(shown, `href="${verificationUri}"`)
  t.match(shown, /Only type a code that you yourself asked for/)
  t.match(shown, new RegExp(`http-equiv="refresh" content="3; url=${new URL(link).pathname}"`))
  await enterDeviceCode(verificationUri, userCode)
  t.equal((await whileTimeGoesOn(both.clock, waiting)).status, 200)
  const ended = await (await fetch(link)).text()
  t.match(ended, /You are signed in/)
  t.notMatch(ended, /http-equiv="refresh"/)
  t.equal((await fetch(`${both.daemon.url}/dicom/studies`)).status, 200, 'one sign-in serves the other service too')
})

t.test('the code can be given up at once, on the page, and declined where it is typed in', async t => {
  const both = await startBoth(t, device)
  const waiting = fetch(`${both.daemon.url}/fhir/Patient`)
  await both.opening()
  const { link } = await both.told('sign-in-started')
  const cancelled = await fetch(`${link}/cancel`, { method: 'POST', body: new URLSearchParams() })
  t.match(await cancelled.text(), /The sign-in was cancelled/)
  t.equal(code(await waiting), 'sign-in-cancelled')
  const again = fetch(`${both.daemon.url}/fhir/Patient`)
  const shown = await (await fetch(await both.opening(2))).text()
  const [, verificationUri = ''] = /href="([^"]+)"/.exec(shown) ?? []
  const [, userCode = ''] = /class="code">([^<]+)</.exec(shown) ?? []
  await enterDeviceCode(verificationUri, userCode, 'cancel')
  const answer = await whileTimeGoesOn(both.clock, again)
  t.equal(answer.status, 401)
  t.match(await answer.text(), /AADSTS65004|declined|refused/i)
})

t.test('callers that will not wait start no code: nobody would read it', async t => {
  const both = await startBoth(t, device)
  const answer = await fetch(`${both.daemon.url}/fhir/Patient`, { headers: { 'Hallpass-Interactive': 'never' } })
  t.equal(code(answer), 'sign-in-required')
  t.match(await answer.text(), `open ${both.daemon.url}/-/sign-in in your browser`)
  t.notOk(both.exchanges.some(({ target }) => target.includes('/devicecode')))
})

t.test('a code that nobody types ends, and the next request is answered at once', async t => {
  const both = await startBoth(t, device)
  const waiting = fetch(`${both.daemon.url}/fhir/Patient`)
  const shown = await (await fetch(await both.opening())).text()
  const [, again = ''] = /http-equiv="refresh" content="3; url=([^"]+)"/.exec(shown) ?? []
  t.match(
    await (await fetch(`${both.daemon.url}${again}`)).text(),
    again,
    'the browser that opened looks again and again, and is nobody’s answer',
  )
  await both.timer(120_000)
  both.clock.advance(120_000)
  t.equal(code(await waiting), 'sign-in-wait-over')
  both.clock.advance(900_000)
  t.match(await both.told('sign-in-failed'), { code: 'sign-in-expired' })
  t.equal(code(await fetch(`${both.daemon.url}/fhir/Patient`)), 'sign-in-required')
  t.equal(both.opened.length, 1)
})

t.test('`hallpass login` shows the code and the warning, waits, and says who signed in; Ctrl-C gives up at once', async t => {
  const { home } = await startProgram(t)
  const login = runHallpass(home, ['login'])
  const [, verificationUri = ''] = await login.printed(/open (http:\S+) on any device/)
  const [, userCode = ''] = await login.printed(/^ {4}(\S+)$/m)
  await login.printed(/Only type a code that you yourself asked for\./)
  login.child.kill('SIGINT')
  t.match(await login.ended, { code: 4, stderr: /The sign-in was cancelled\./ })
  const second = runHallpass(home, ['login'])
  const [, fresh = ''] = await second.printed(/^ {4}(\S+)$/m)
  t.not(fresh, userCode)
  await enterDeviceCode(verificationUri, fresh)
  t.match(await second.ended, { code: 0, stderr: /Signed in for dev as ada@sandbox\.example\./ })
})

async function startProgram(t: Test) {
  const sandbox = await startSandbox({ devicePollSeconds: 1 })
  const home = createHome()
  const { tenantId, clientId, url } = sandbox.identity
  writeConfig(home, {
    port: 0,
    vault: 'memory',
    profiles: { dev: { tenantId, clientId, sandbox: url, flow: 'device-code' } },
    routes: { '/fhir': { origin: sandbox.fhir.url, kind: 'fhir', audience: sandbox.fhir.audience, profile: 'dev' } },
  })
  const daemon = await startDaemon(home, ['start'])
  t.teardown(async () => {
    await daemon.stop()
    await sandbox.close()
    home.remove()
  })
  return { home, daemon, sandbox }
}
