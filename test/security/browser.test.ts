// Web pages of other origins get nothing through hallpass: a real Chromium tries, and the origin counts who came.

import { once } from 'node:events'
import { createServer } from 'node:http'
import t from 'tap'
import { launchBrowser } from '../harness/browser.ts'
import { startBoth } from '../harness/composed.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

const browser = await launchBrowser(['--host-resolver-rules=MAP evil.test 127.0.0.1, MAP rebind.test 127.0.0.1'])
t.teardown(() => browser.close())

/** A page of another origin, and the address by which it is reached. */
async function hostilePage(script: string): Promise<{ port: number; close(): void; reports: string[] }> {
  const reports: string[] = []
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/report')) reports.push(request.url)
    response
      .writeHead(200, { 'Content-Type': 'text/html' })
      .end(request.url === '/' ? `<!doctype html><body><script>${script}</script>` : '')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as { port: number }).port, close: () => server.close(), reports }
}

/** Every way in which a page can send a request, one after the other; then it reports that it has tried. */
const attempts = (target: string) => `(async () => {
  const to = ${JSON.stringify(target)}
  const attempt = async action => { try { return await action() } catch (error) { return String(error) } }
  const read = await attempt(async () => (await fetch(to)).text())
  await attempt(() => fetch(to, { mode: 'no-cors' }))
  await attempt(() => fetch(to, { mode: 'no-cors', referrerPolicy: 'no-referrer' }))
  await attempt(() => fetch(to, { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' }, mode: 'no-cors' }))
  await attempt(() => fetch(to, { method: 'DELETE' }))
  await attempt(() => navigator.sendBeacon(to, 'x'))
  await attempt(() => new Promise(done => { const image = new Image(); image.onload = image.onerror = done; image.src = to }))
  await attempt(() => new Promise(done => { const s = document.createElement('script'); s.onload = s.onerror = done; s.src = to; document.body.append(s) }))
  await attempt(() => new Promise(done => { const f = document.createElement('iframe'); f.onload = done; f.src = to; document.body.append(f) }))
  await attempt(() => new Promise(done => { const f = document.createElement('iframe'); f.sandbox = 'allow-scripts'; f.onload = done; f.srcdoc = '<script>fetch(' + JSON.stringify(to) + ').finally(() => 0)<\\/script>'; document.body.append(f) }))
  await attempt(() => new Promise(done => { const w = new WebSocket(to.replace('http', 'ws')); w.onopen = w.onerror = done }))
  await attempt(() => new Promise(done => { const f = document.createElement('form'); f.method = 'post'; f.action = to; f.target = 'x'; const i = document.createElement('iframe'); i.name = 'x'; let loads = 0; i.onload = () => { if (++loads > 1 || f.sent) done() }; document.body.append(i, f); f.sent = true; f.submit() }))
  await fetch('/report?read=' + encodeURIComponent(String(read).slice(0, 200)))
})()`

t.test('a page of another origin, a rebound name, 0.0.0.0: no request is forwarded', async t => {
  const both = await startBoth(t)
  const first = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  await signInByForm(await both.opening())
  await first
  const { port } = both.daemon
  const places: [string, string][] = [
    ['another localhost port', 'localhost'],
    ['127.0.0.1 to localhost', '127.0.0.1'],
    ['another site', 'evil.test'],
  ]
  for (const [name, host] of places) {
    const page = await hostilePage(attempts(`http://localhost:${port}/fhir/Patient`))
    const before = both.exchanges.length
    const tab = await browser.newPage()
    const reported = tab.waitForResponse(/\/report/)
    await tab.goto(`http://${host}:${page.port}/`)
    await reported
    t.notMatch(page.reports.join(), /resourceType/, `${name}: nothing could be read`)
    t.equal(both.exchanges.length - before, 0, `${name}: nothing was forwarded`)
    await tab.close()
    page.close()
  }
  t.ok(both.events.filter(event => event.event === 'request-refused').length > 20, 'the requests did arrive, and were refused')
})

t.test('a rebound name and 0.0.0.0 fail at the Host, though they send no Sec-Fetch fields', async t => {
  const both = await startBoth(t)
  const { port } = both.daemon
  const tab = await browser.newPage()
  t.teardown(() => tab.close())
  for (const host of ['rebind.test', '0.0.0.0']) {
    const response = await tab.goto(`http://${host}:${port}/fhir/Patient`)
    t.equal(response?.status(), 403, host)
    t.equal(response?.headers()['hallpass-error'], 'host-refused')
  }
  t.strictSame(both.exchanges, [])
  t.strictSame(both.opened, [], 'and no sign-in started')
})

t.test('a browser that navigates to a route gets the page with the button, never a second tab', async t => {
  const both = await startBoth(t)
  const tab = await browser.newPage()
  t.teardown(() => tab.close())
  const response = await tab.goto(`${both.daemon.url}/fhir/Patient?_count=2`)
  t.equal(response?.status(), 401)
  t.strictSame(both.opened, [])
  await tab.getByRole('button', { name: /sign in/i }).click()
  await tab.getByLabel('Ada Example').check()
  await tab.getByRole('button', { name: /sign in/i }).click()
  await tab.waitForURL(`${both.daemon.url}/fhir/Patient?_count=2`)
  t.match(await tab.textContent('body'), /"resourceType":\s*"Bundle"/, 'after the sign-in the browser is where it wanted to be')
  t.strictSame(both.opened, [])
})

t.test('a prefetch starts nothing and is not forwarded', async t => {
  const both = await startBoth(t)
  const answer = await fetch(`${both.daemon.url}/fhir/Patient`, { headers: { 'Sec-Purpose': 'prefetch', 'Sec-Fetch-Site': 'none' } })
  t.equal(answer.status, 403)
  t.strictSame(both.opened, [])
  t.strictSame(both.exchanges, [])
})

t.test('what the service sends runs on no origin of ours, and its own word on origins is withheld', async t => {
  const both = await startBoth(t)
  const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  await signInByForm(await both.opening())
  const answer = await waiting
  t.match(answer.headers.get('content-security-policy'), /^sandbox;/)
  t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  t.equal(answer.headers.get('cache-control'), 'no-store')
  for (const name of ['access-control-allow-origin', 'set-cookie', 'strict-transport-security']) t.equal(answer.headers.get(name), null)
})
