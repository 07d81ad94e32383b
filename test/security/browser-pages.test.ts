// Pages of other origins in a real Chromium: from each place where a page can stand, every kind of request, and the origin counts who came.
import t from 'tap'
import { attackFrom, kinds, startCountingServer, startRebinding } from '../fixtures/hostile-page.ts'
import { startStrictOrigin } from '../fixtures/strict-origin.ts'
import { launchBrowser } from '../harness/browser.ts'
import { startUnderAttack } from '../harness/under-attack.ts'

const origin = await startStrictOrigin(t)
const attack = await startUnderAttack(t, { '/fhir': origin })
const { port } = attack.daemon
const pages = await startCountingServer(t)
const names = '--host-resolver-rules=MAP evil.test 127.0.0.1, MAP rebind.test 127.0.0.1'

/** Where the page stands, and by which name it reaches the daemon. */
const places: [place: string, page: string, target: string][] = [
  ['another port of this machine', 'localhost', 'localhost'],
  ['the other name of this machine', '127.0.0.1', 'localhost'],
  ['the IPv6 address', 'localhost', '[::1]'],
  ['another site', 'evil.test', 'localhost'],
  ['another site, by address', 'evil.test', '127.0.0.1'],
  ['another site, by 0.0.0.0', 'evil.test', '0.0.0.0'],
  ['0.0.0.0 itself', '0.0.0.0', '0.0.0.0'],
]

t.test('a page of another origin: 0 requests are forwarded, 0 answers read (requirement 3)', async t => {
  const browser = await launchBrowser([names])
  t.teardown(() => browser.close())
  for (const [place, host, target] of places) {
    const unguarded = await startCountingServer(t)
    const before = origin.requests
    const page = await browser.newPage()
    await page.goto(`http://${host}:${pages.port}/`)
    const attack = attackFrom(page, `http://${target}:${port}/fhir`)
    if (target !== '[::1]') {
      void attackFrom(page, `http://${target}:${unguarded.port}`).catch(() => undefined)
      await unguarded.asked(kinds.map(kind => `/${kind}`))
    }
    t.strictSame(await attack, [], `${place}: nothing is read; without a guard every kind arrives`)
    t.equal(origin.requests - before, 0, `${place}: nothing is forwarded`)
    await page.close()
  }
})

t.test('a rebound name: a page whose own origin leads to hallpass gets 0 requests through (requirements 2, 3)', async t => {
  const browser = await launchBrowser([names])
  t.teardown(() => browser.close())
  const unguarded = await startCountingServer(t)
  const rebound = async (to: number) => {
    const page = await browser.newPage()
    const own = `http://rebind.test:${await startRebinding(t, to)}`
    await page.goto(`${own}/`)
    return { page, own }
  }
  const before = origin.requests
  const hostile = await rebound(port)
  const read = await attackFrom(hostile.page, `${hostile.own}/fhir`)
  t.equal(origin.requests - before, 0)
  t.ok(read.length > 3, 'the page could read: it is the same origin')
  t.strictSame(new Set(read.map(text => JSON.parse(text).code)), new Set(['host-refused']), 'but nothing other than our refusal')
  const control = await rebound(unguarded.port)
  void attackFrom(control.page, control.own).catch(() => undefined)
  await unguarded.asked(kinds.map(kind => `/${kind}`))
  t.pass('without a guard every kind arrives')
})

t.test('a page of the public internet: 0 requests are forwarded, whatever the browser lets through (requirement 3)', async t => {
  const browser = await launchBrowser([names, `--ip-address-space-overrides=127.0.0.1:${pages.port}=public`])
  t.teardown(() => browser.close())
  const unguarded = await startCountingServer(t)
  const before = origin.requests
  const page = await browser.newPage()
  await page.goto(`http://evil.test:${pages.port}/`)
  const [read] = await Promise.all([
    attackFrom(page, `http://localhost:${port}/fhir`),
    attackFrom(page, `http://localhost:${unguarded.port}`),
  ])
  t.equal(origin.requests - before, 0)
  t.strictSame(read, [])
  t.comment(`Local Network Access let ${kinds.length - missing(unguarded.paths).length} of ${kinds.length} kinds through`)
})

t.test('programs are served all the same', async t => {
  const before = origin.requests
  t.equal((await fetch(`http://localhost:${port}/fhir/Patient`)).status, 204)
  t.equal((await fetch(`http://127.0.0.1:${port}/fhir/Patient`, { method: 'POST', body: '{}' })).status, 204)
  t.equal(origin.requests - before, 2)
  t.strictSame(origin.breaches, [])
})

function missing(paths: readonly string[]): string[] {
  return kinds.filter(kind => !paths.some(path => path.startsWith(`/${kind}`)))
}
