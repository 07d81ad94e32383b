// A page that leads its visitor to hallpass, or has the browser fetch ahead: nothing of it is forwarded, but for the one case that looks like the address bar.
import t from 'tap'
import { startCountingServer } from '../fixtures/hostile-page.ts'
import { startStrictOrigin } from '../fixtures/strict-origin.ts'
import { launchBrowser } from '../harness/browser.ts'
import { startBoth } from '../harness/composed.ts'
import { startUnderAttack } from '../harness/under-attack.ts'

const origin = await startStrictOrigin(t)
const attack = await startUnderAttack(t, { '/fhir': origin })
const hallpass = `http://localhost:${attack.daemon.port}/fhir`
const unguarded = await startCountingServer(t)
const browser = await launchBrowser(['--host-resolver-rules=MAP evil.test 127.0.0.1', '--disable-popup-blocking'])
t.teardown(() => browser.close())

/** What a page of another site holds that leads to `target`, and acts by itself. */
const ways: Record<string, (target: string) => string> = {
  location: target => `<script>location = '${target}'</script>`,
  replace: target => `<script>location.replace('${target}')</script>`,
  link: target => `<a href="${target}">x</a><script>document.querySelector('a').click()</script>`,
  'link-no-referrer': target => `<a href="${target}" rel=noreferrer>x</a><script>document.querySelector('a').click()</script>`,
  download: target => `<a href="${target}" download>x</a><script>document.querySelector('a').click()</script>`,
  refresh: target => `<meta http-equiv="refresh" content="0; url=${target}">`,
  'form-get': target => `<form action="${target}"></form><script>document.querySelector('form').submit()</script>`,
  'form-post': target => `<form method=post action="${target}"></form><script>document.querySelector('form').submit()</script>`,
  'form-text': target =>
    `<form method=post enctype=text/plain action="${target}"><input name=a value=b></form><script>document.querySelector('form').submit()</script>`,
  'window-open': target => `<script>window.open('${target}')</script>`,
  prefetch: target => `<link rel=prefetch href="${target}">`,
  'speculation-prefetch': target => rules('prefetch', target),
}

function rules(action: string, target: string): string {
  return `<script type=speculationrules>${JSON.stringify({ [action]: [{ source: 'list', urls: [target], eagerness: 'immediate' }] })}</script>`
}

/** `/guarded/WAY` leads to hallpass, `/unguarded/WAY` to the server without a guard; `/redirect` is what a visitor opens. */
const site = await startCountingServer(t, path => {
  if (path === '/redirect') return { status: 302, fields: { Location: `${hallpass}/redirect` } }
  const [, where, way = ''] = path.split('/')
  const target = where === 'guarded' ? `${hallpass}/${way}` : `http://localhost:${unguarded.port}/${way}`
  const body = ways[way]?.(target)
  return body === undefined ? undefined : { body: `<!doctype html><body>${body}` }
})

t.test('top-level navigations, downloads, forms, prefetches: 0 are forwarded (requirements 3, 4)', async t => {
  const before = origin.requests
  const context = await browser.newContext()
  for (const way of Object.keys(ways))
    for (const where of ['guarded', 'unguarded']) {
      const page = await context.newPage()
      const arrived = unguarded.asked([`/${way}`])
      await page.goto(`http://evil.test:${site.port}/${where}/${way}`, { waitUntil: 'commit' })
      if (where === 'unguarded') {
        await arrived
        t.pass(`${way}: without a guard it arrives`)
      }
      // The page that it leads to, or the one that stays: either has loaded when nothing is under way any more.
      else await page.waitForLoadState('load').catch(() => undefined)
    }
  await context.close()
  t.equal(origin.requests - before, 0, 'nothing is forwarded')
  t.ok(/browser-refused/.test(attack.daemon.stderr()), 'what came was refused')
  t.ok(/prefetch-refused/.test(attack.daemon.stderr()), 'and so was what was fetched ahead')
})

t.test('a redirect from an address that the user opened is served like the address bar, and read by nobody (requirement 3)', async t => {
  const before = origin.requests
  const page = await browser.newPage()
  t.teardown(() => page.close())
  await page.goto(`http://evil.test:${site.port}/redirect`).catch(() => undefined)
  t.ok(origin.requests - before <= 1, 'at most the one GET')
  t.equal(origin.last?.method, 'GET')
})

t.test('the same redirect starts no sign-in where nobody is signed in, nor does a prefetch (requirements 3, 4)', async t => {
  const both = await startBoth(t)
  const target = `${both.daemon.url}/fhir/Patient`
  const lure = await startCountingServer(t, path => {
    if (path === '/redirect') return { status: 302, fields: { Location: target } }
    return path === '/ahead' ? { body: `<!doctype html><link rel=prefetch href="${target}">${rules('prefetch', target)}` } : undefined
  })
  const page = await browser.newPage()
  t.teardown(() => page.close())
  const answer = await page.goto(`http://evil.test:${lure.port}/redirect`)
  t.equal(answer?.status(), 401)
  await page.goto(`http://evil.test:${lure.port}/ahead`)
  await both.told('request-refused')
  t.strictSame(both.opened, [])
  t.notOk(both.events.some(({ event }) => event === 'sign-in-started'))
  t.notOk(both.exchanges.some(({ service }) => service === 'fhir'))
})
