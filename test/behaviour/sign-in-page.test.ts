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

t.test('the page of a sign-in that waits offers to go on first, and to cancel only beside it', async t => {
  const both = await startBoth(t)
  const waiting = patients(both)
  await both.opening()
  const page = await browser.newPage()
  await page.goto(`${both.daemon.url}/-/sign-in`)
  const groundOf = (role: 'link' | 'button', name: RegExp) =>
    page.getByRole(role, { name }).evaluate(element => getComputedStyle(element).backgroundColor)
  t.notMatch(await groundOf('link', /Go on with the sign-in/), 'rgba(0, 0, 0, 0)', 'stands out')
  t.equal(await groundOf('button', /Cancel the sign-in/), 'rgba(0, 0, 0, 0)', 'does not')
  await page.keyboard.press('Tab')
  t.match(await page.locator(':focus').textContent(), /Go on with the sign-in/)
  await page.keyboard.press('Enter')
  await signInOn(page)
  t.equal((await waiting).status, 200)
  await page.goto(`${both.daemon.url}/-/sign-in`)
  t.match(await page.textContent('main'), /signed in as ada@sandbox\.example\. For another account, run hallpass login dev --choose\./)
  await page.goto(both.daemon.url)
  await page.setViewportSize({ width: 420, height: 600 })
  const texts = await page.locator('th, td code').evaluateAll(cells =>
    cells.map(cell => {
      const range = document.createRange()
      range.selectNodeContents(cell)
      return range.getClientRects().length
    }),
  )
  t.strictSame(new Set(texts), new Set([1]), 'no heading, prefix or kind is broken in two')
  await page.close()
})

t.test('a form that is none is refused in plain words, and is no defect of ours', async t => {
  const { daemon } = await startBoth(t)
  const post = async (body: string | undefined, type: string | undefined) => {
    const headers = { ...(type !== undefined && { 'Content-Type': type }) }
    const answer = await fetch(`${daemon.url}/-/sign-in`, {
      method: 'POST',
      headers,
      ...(body !== undefined && { body: Buffer.from(body) }),
    })
    return [answer.status, answer.headers.get('hallpass-error')]
  }
  t.strictSame(await post(undefined, undefined), [404, 'no-such-profile'])
  t.strictSame(await post('profile=other', 'text/plain'), [404, 'no-such-profile'])
  t.strictSame(await post('{', 'none; at="all'), [400, 'request-malformed'])
  t.strictSame(await post('x'.repeat(20_000), 'application/x-www-form-urlencoded'), [400, 'request-malformed'])
})
