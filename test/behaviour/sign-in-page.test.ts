// A real Chromium signs in: every kind of redirect URI, both ways of delivery, and every way in which a person may leave.
import { once } from 'node:events'
import { createServer } from 'node:http'
import t from 'tap'
import { whileTimeGoesOn } from '../fixtures/clocks.ts'
import { launchBrowser, signInAt, signInOn } from '../harness/browser.ts'
import { type Composed, startBoth } from '../harness/composed.ts'

const code = (response: Response) => response.headers.get('hallpass-error')
const patients = ({ daemon }: Composed) => fetch(`${daemon.url}/fhir/Patient?_count=1`)
const full = Boolean(process.env.HALLPASS_TEST_FULL)
const browser = await launchBrowser()
t.teardown(() => browser.close())

t.test(
  'with the redirect at `/`, at a deep path, on another port; by form_post and by query; no code stays in the address bar',
  async t => {
    let index = 0
    for (const redirectUri of ['http://localhost', 'http://localhost/Deep/Path/', `http://localhost:${await freePort()}/signed-in`]) {
      for (const responseMode of full ? ['form_post', 'query'] : [index++ % 2 ? 'form_post' : 'query']) {
        const both = await startBoth(t, { profile: { redirectUri, responseMode }, sandbox: { redirectUris: [redirectUri] } })
        const waiting = patients(both)
        const page = await signInAt(browser, await both.opening())
        await page.getByText('You can close this tab').waitFor()
        const visited = await page.evaluate(
          'performance.getEntriesByType("navigation").map(entry => entry.name).join() + document.referrer',
        )
        t.notMatch(`${page.url()} ${visited}`, /code=|state=/, `${redirectUri} by ${responseMode}`)
        t.equal((await waiting).status, 200)
        await page.close()
        both.clock.advance(10_000)
      }
    }
  },
)

t.test('the tab learns the real outcome: what happened after the code came back, not before', async t => {
  const both = await startBoth(t)
  const waiting = patients(both)
  const opened = await both.opening()
  both.sandbox.faults.set('misconfigured')
  const page = await signInAt(browser, opened)
  await page
    .getByText(/AADSTS650056/)
    .first()
    .waitFor()
  t.notMatch(await page.textContent('main'), /You are signed in/)
  t.equal((await waiting).status >= 400, true)
  both.sandbox.faults.set(undefined)
  await page.getByRole('button', { name: /Sign in/ }).click()
  await signInOn(page)
  await page.getByText('You can close this tab').waitFor()
  t.equal((await patients(both)).status, 200, 'the button of that page starts again')
  await page.close()
})

t.test('cancelled, consent declined, the tab closed and started again', async t => {
  const both = await startBoth(t)
  const first = patients(both)
  const page = await browser.newPage()
  await page.goto(await both.opening())
  await page.getByRole('button', { name: /cancel/i }).click()
  await page.getByText('The sign-in was cancelled').waitFor()
  t.equal(code(await first), 'sign-in-cancelled')

  both.sandbox.faults.set('consent-declined')
  const second = patients(both)
  await page.goto(await both.opening(2))
  await signInOn(page)
  await page.getByText('The sign-in was cancelled').waitFor()
  t.equal(code(await second), 'sign-in-cancelled', 'Entra ID calls both Cancel')
  both.sandbox.faults.set(undefined)

  await page.goto(`${both.daemon.url}/-/sign-in`)
  await page.getByRole('button', { name: /Sign in/ }).click()
  await page.waitForURL(/authorize/)
  await page.close()
  const third = patients(both)
  const again = await browser.newPage()
  await again.goto(`${both.daemon.url}/-/sign-in`)
  await again.getByRole('link', { name: 'go on with the sign-in' }).click()
  await signInOn(again)
  await again.getByText('You can close this tab').waitFor()
  t.equal((await third).status, 200)
  await again.close()
})

t.test('the page with a device code goes on by itself', async t => {
  const both = await startBoth(t, { profile: { flow: 'device-code' } })
  const waiting = patients(both)
  const page = await browser.newPage()
  await page.goto(await both.opening())
  const typed = await browser.newPage()
  await typed.goto((await page.getByRole('link').first().getAttribute('href')) ?? '')
  await typed.locator('input[name=user_code]').fill((await page.locator('.code').textContent()) ?? '')
  await typed.getByRole('button').first().click()
  await typed.getByLabel('Ada Example').check()
  await typed.getByRole('button', { name: /sign in/i }).click()
  t.equal((await whileTimeGoesOn(both.clock, waiting)).status, 200)
  await page.getByText('You can close this tab').waitFor()
  await Promise.all([page.close(), typed.close()])
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise(done => server.close(done))
  return port
}
