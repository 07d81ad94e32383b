// Pages of other origins in a real Chromium: from each place where a page can stand, every kind of request, and the origin counts who came.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { attackFrom, kinds, startCountingServer, startRebinding } from '../fixtures/hostile-page.ts'
import { sendRaw } from '../fixtures/raw-http.ts'
import { startStrictOrigin } from '../fixtures/strict-origin.ts'
import { launchBrowser } from '../harness/browser.ts'
import { startUnderAttack } from '../harness/under-attack.ts'

const origin = await startStrictOrigin(t)
const attack = await startUnderAttack(t, { '/fhir': origin })
const { port } = attack.daemon
const pages = await startCountingServer(t)
const names = '--host-resolver-rules=MAP evil.test 127.0.0.1, MAP rebind.test 127.0.0.1'
const browser = await launchBrowser([names])
t.teardown(() => browser.close())

/** A page in a context of its own, until the test ends. */
async function openPage(t: Test, inBrowser: Browser = browser): Promise<Page> {
  const page = await inBrowser.newPage()
  t.teardown(() => page.close())
  return page
}

/** Where the page stands, and by which name it reaches the daemon. */
const places: [place: string, page: string, target: string][] = [
  ['another port of this machine', 'localhost', 'localhost'],
  ['the other name of this machine', '127.0.0.1', 'localhost'],
  ['another site', 'evil.test', 'localhost'],
  ['0.0.0.0 itself', '0.0.0.0', '0.0.0.0'],
]
if (process.env.HALLPASS_TEST_FULL)
  places.push(
    ['the IPv6 address', 'localhost', '[::1]'],
    ['another site, by address', 'evil.test', '127.0.0.1'],
    ['another site, by 0.0.0.0', 'evil.test', '0.0.0.0'],
  )

t.test('a page of another origin: 0 requests are forwarded, 0 answers read (requirement 3)', async t => {
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
  const unguarded = await startCountingServer(t)
  const rebound = async (to: number) => {
    const page = await openPage(t)
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
  const outside = await launchBrowser([names, `--ip-address-space-overrides=127.0.0.1:${pages.port}=public`])
  t.teardown(() => outside.close())
  const unguarded = await startCountingServer(t)
  const before = origin.requests
  const page = await openPage(t, outside)
  await page.goto(`http://evil.test:${pages.port}/`)
  const [read] = await Promise.all([
    attackFrom(page, `http://localhost:${port}/fhir`),
    attackFrom(page, `http://localhost:${unguarded.port}`),
  ])
  t.equal(origin.requests - before, 0)
  t.strictSame(read, [])
  t.comment(`Local Network Access let ${kinds.length - missing(unguarded.paths).length} of ${kinds.length} kinds through`)
})

t.test('an origin that the user allowed: its app is served, and nothing that is not its app’s (requirements 3, 13)', async t => {
  const reached: string[] = []
  const service = await startStrictOrigin(t)
  service.answer = ({ target }) => {
    reached.push(target.split(/[/?]/)[1] ?? '')
    return { bytes: Buffer.from('HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 2\r\n\r\n{}'), keep: true }
  }
  const allowed = `http://localhost:${pages.port}`
  const { daemon } = await startUnderAttack(t, { '/fhir': service }, { settings: { access: { allowedOrigins: [allowed] } } })
  const page = await openPage(t)
  await page.goto(`${allowed}/`)
  const read = await attackFrom(page, `${daemon.url}/fhir`)
  t.ok(read.length >= 3 && read.every(text => text === '{}'), 'it reads what it fetched')
  for (const kind of ['fetch', 'xhr', 'fetch-post-json', 'fetch-delete', 'image']) t.ok(reached.includes(kind), `${kind} is served`)
  for (const kind of ['frame', 'sandboxed-frame', 'form-get', 'form-post', 'form-post-text', 'web-socket', 'fetch-no-referrer'])
    t.notOk(reached.includes(kind), `${kind} is not`)
  // Beacons and pings outlive the page: what the first one sent may still come.
  await page.goto(`http://127.0.0.1:${pages.port}/`)
  t.strictSame(await attackFrom(page, `${daemon.url}/fhir/by-address`), [], 'the same page by another name reads nothing')
  t.notOk(reached.includes('by-address'), 'and reaches nothing')
})

t.test('programs are served all the same: curl, Python, fetch, Postman (requirement 3)', async t => {
  const before = origin.requests
  const url = `http://localhost:${port}/fhir/Patient`
  t.equal((await fetch(url)).status, 204)
  t.equal((await fetch(url.replace('localhost', '127.0.0.1'), { method: 'POST', body: '{}' })).status, 204)
  const run = promisify(execFile)
  for (const args of [[url], ['-X', 'POST', '-d', '{}', url], ['-g', '-6', url.replace('localhost', '[::1]')]])
    t.equal((await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', ...args])).stdout, '204', `curl ${args[0]}`)
  const python = `import urllib.request as u; print(u.urlopen('${url}').status, u.urlopen('${url}', data=b'{}').status)`
  t.equal((await run('python3', ['-c', python])).stdout.trim(), '204 204', 'Python')
  const postman =
    'User-Agent: PostmanRuntime/7.43.0\r\nPostman-Token: 1\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br\r\nConnection: keep-alive'
  t.equal((await sendRaw(port, `GET /fhir/Patient HTTP/1.1\r\nHost: localhost:${port}\r\n${postman}\r\n\r\n`))?.status, 204, 'Postman')
  t.equal(origin.requests - before, 8)
  t.strictSame(origin.breaches, [])
})

function missing(paths: readonly string[]): string[] {
  return kinds.filter(kind => !paths.some(path => path.startsWith(`/${kind}`)))
}
