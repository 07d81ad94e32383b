// Our own pages in a real Chromium: what they tell of a sign-in's end, and how they go on by themselves.
import t from 'tap'
import { whileTimeGoesOn } from '../fixtures/clocks.ts'
import { launchBrowser, signInAt, signInOn } from '../harness/browser.ts'
import { type Composed, startBoth } from '../harness/composed.ts'

const patients = ({ daemon }: Composed) => fetch(`${daemon.url}/fhir/Patient?_count=1`)
const browser = await launchBrowser()
t.teardown(() => browser.close())

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
