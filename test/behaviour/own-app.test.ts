// The user's own web app in a real Chromium: it fetches, writes, shows images and reads what it needs, and only from its own origin.
import { once } from 'node:events'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { launchBrowser } from '../harness/browser.ts'
import { startBoth } from '../harness/composed.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

/** A page on a port of its own. */
async function serveApp(t: Test): Promise<number> {
  const server = createServer((_request, response) =>
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>app</title>'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  return (server.address() as { port: number }).port
}

t.test('a page of an allowed origin works as if it were of ours; the same page elsewhere gets nothing', async t => {
  const port = await serveApp(t)
  const both = await startBoth(t, { flags: { 'access-allowed-origins': `http://localhost:${port}` } })
  const first = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  await signInByForm(await both.opening())
  await (await first).text()
  const browser = await launchBrowser()
  t.teardown(() => browser.close())

  const tab = await browser.newPage()
  await tab.goto(`http://localhost:${port}/`)
  const seen = await tab.evaluate(async base => {
    const json = { 'Content-Type': 'application/fhir+json' }
    const created = await fetch(`${base}/fhir/Patient`, { method: 'POST', headers: json, body: '{"resourceType":"Patient"}' })
    const patient = await created.json()
    const etag = created.headers.get('etag') ?? ''
    const url = `${base}/fhir/Patient/${patient.id}`
    const updated = await fetch(url, {
      method: 'PUT',
      headers: { ...json, 'If-Match': etag },
      body: JSON.stringify({ ...patient, active: true }),
    })
    const refused = await fetch(`${base}/fhir/a%2fb`)
    const again = await fetch(url, { headers: { Authorization: 'Bearer of-the-app' } })
    for (const answer of [updated, refused, again]) await answer.text()
    const timing = performance.getEntriesByName(url).some(entry => (entry as PerformanceResourceTiming).responseStart > 0)
    return {
      created: created.status,
      etag,
      location: created.headers.get('location'),
      updated: updated.status,
      refused: [refused.status, refused.headers.get('hallpass-error')],
      again: again.status,
      timing,
    }
  }, both.daemon.url)
  t.match(seen, { created: 201, etag: /^W\/"/, updated: 200, refused: [400, 'target-refused'], again: 200, timing: true })
  t.match(seen.location, new RegExp(`^${both.daemon.url}/fhir/Patient/`))

  const before = both.exchanges.length
  await tab.goto(`http://127.0.0.1:${port}/`)
  const outside = await tab.evaluate(async base => {
    const attempts = [fetch(`${base}/fhir/Patient`), fetch(`${base}/fhir/Patient`, { method: 'PUT', body: '{}' })]
    return (await Promise.allSettled(attempts)).map(({ status }) => status)
  }, both.daemon.url)
  t.strictSame(outside, ['rejected', 'rejected'])
  t.equal(both.exchanges.length, before, 'and nothing was forwarded')
})
