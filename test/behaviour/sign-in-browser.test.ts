// A real Chromium signs in: every place and manner in which the answer may come back, and every way in which a person may end it.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { launchBrowser } from '../harness/browser.ts'
import { type Composed, type ComposedOptions, startBoth } from '../harness/composed.ts'

const browser = await launchBrowser()
t.teardown(() => browser.close())

/** A request that waits, and a tab on the page that would have opened for it. */
async function waitingFor(t: Test, options: ComposedOptions): Promise<{ both: Composed; waiting: Promise<Response>; tab: Page }> {
  const both = await startBoth(t, options)
  const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  const tab = await openTab(t, await both.opening())
  return { both, waiting, tab }
}

async function openTab(t: Test, url: string): Promise<Page> {
  const context = await browser.newContext()
  t.teardown(() => context.close())
  const tab = await context.newPage()
  await tab.goto(url)
  return tab
}

async function signIn(tab: Page): Promise<void> {
  await tab.getByLabel('Ada Example').check()
  await tab.getByRole('button', { name: 'Sign in', exact: true }).click()
}

const ended = (tab: Page) => tab.waitForURL(/\/-\/sign-in\//)
const code = (response: Response) => response.headers.get('hallpass-error')

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise(done => server.close(done))
  return port
}

const other = await freePort()
const returns: [place: string, redirectUri: string, responseMode: 'form_post' | 'query'][] = [
  ['at /', 'http://localhost', 'form_post'],
  ['at /', 'http://localhost', 'query'],
  ['at a deep path', 'http://localhost/Deep/Path/', 'form_post'],
  ['at a deep path', 'http://localhost/Deep/Path/', 'query'],
  ['on another port', `http://localhost:${other}/signed-in`, 'form_post'],
  ['on another port', `http://localhost:${other}/signed-in`, 'query'],
  ['on 127.0.0.1', `http://127.0.0.1:${other}/auth`, 'form_post'],
]

/** Each place once, and one of them by query, unless everything is run. */
const tried = process.env.HALLPASS_TEST_FULL ? returns : returns.filter((_, index) => index % 2 === 0 || index === 3)

for (const [place, redirectUri, responseMode] of tried)
  t.test(`the answer comes back ${place} by ${responseMode}: signed in, and no code is left in the address bar or behind it`, async t => {
    const { both, waiting, tab } = await waitingFor(t, { profile: { redirectUri, responseMode }, sandbox: { redirectUris: [redirectUri] } })
    await signIn(tab)
    await ended(tab)
    t.match(await tab.textContent('h1'), 'You are signed in')
    t.notMatch(tab.url(), /code=|state=/)
    t.equal((await waiting).status, 200)
    t.equal(both.opened.length, 1)
    t.notMatch(await tab.evaluate(() => JSON.stringify(performance.getEntriesByType('navigation'))), /code=/)
    both.clock.advance(10_000)
  })

t.test('6. Callback delivered twice: second answered politely, no 54005', async t => {
  const { both, waiting, tab } = await waitingFor(t, { profile: { responseMode: 'query' } })
  const callback = tab.waitForRequest(/\/-\/callback\?/)
  await signIn(tab)
  await ended(tab)
  t.equal((await waiting).status, 200)
  const delivered = (await callback).url()
  const twin = await openTab(t, delivered)
  t.match(await twin.textContent('h1'), 'You are signed in')
  t.notMatch(twin.url(), /code=/)
  const redeemed = both.exchanges.filter(({ grantType }) => grantType === 'authorization_code')
  t.strictSame(
    redeemed.map(({ status }) => status),
    [200],
    'redeemed once; the second delivery asked nothing of Entra ID',
  )
})

t.test('Cancel on the sign-in page ends the wait, and its page offers to start again', async t => {
  const { both, waiting, tab } = await waitingFor(t, {})
  await tab.getByRole('button', { name: 'Cancel' }).click()
  await ended(tab)
  t.match(await tab.textContent('h1'), 'The sign-in was cancelled')
  t.equal(code(await waiting), 'sign-in-cancelled')
  await tab.getByRole('button', { name: /Sign in/ }).click()
  await signIn(tab)
  await ended(tab)
  t.match(await tab.textContent('h1'), 'You are signed in')
  t.equal((await fetch(`${both.daemon.url}/fhir/Patient?_count=1`)).status, 200)
})

t.test('consent declined: the page and the waiting request say so, with what to do', async t => {
  const appId = '44444444-aaaa-4bbb-8ccc-000000000004'
  const redirectUris = { publicClient: ['http://localhost/-/callback'] }
  const asks = { appId, displayName: 'Asks', redirectUris, publicClientFlows: true, adminConsent: false }
  const { waiting, tab } = await waitingFor(t, { profile: { clientId: appId }, sandbox: { applications: [asks] } })
  await signIn(tab)
  await tab.getByRole('button', { name: 'Cancel' }).click()
  await ended(tab)
  t.match(await tab.textContent('main'), /AADSTS65004|cancelled/)
  const answer = await waiting
  t.equal(answer.status, 401)
  t.match(code(answer), /^sign-in-(refused|cancelled)$/)
})

t.test('the tab is closed, and the same sign-in started again: the request that waits gets its answer', async t => {
  const { both, waiting, tab } = await waitingFor(t, {})
  await tab.close()
  const again = await openTab(t, `${both.daemon.url}/-/sign-in`)
  await again.getByRole('link', { name: 'go on with the sign-in' }).click()
  await signIn(again)
  await ended(again)
  t.match(await again.textContent('h1'), 'You are signed in')
  t.equal((await waiting).status, 200)
  t.equal(both.opened.length, 1, 'nothing opened by itself a second time')
})

t.test('a browser that asks for data is led to the sign-in and back to what it asked for', async t => {
  const both = await startBoth(t)
  const tab = await openTab(t, `${both.daemon.url}/fhir/Patient?_count=1`)
  await tab.getByRole('button', { name: /Sign in/ }).click()
  await signIn(tab)
  await tab.waitForURL(/\/fhir\/Patient\?_count=1$/)
  t.match(await tab.textContent('body'), /"resourceType":\s*"Bundle"/)
})
