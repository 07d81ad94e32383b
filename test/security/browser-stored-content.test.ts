// Pages, pictures and scripts that somebody stored as health data, opened in Chromium through hallpass: none of them reaches our own pages.
import t from 'tap'
import { startCountingServer, startWire } from '../fixtures/hostile-page.ts'
import { startStrictOrigin } from '../fixtures/strict-origin.ts'
import { launchBrowser } from '../harness/browser.ts'
import { startUnderAttack } from '../harness/under-attack.ts'

/** Fetches a page of ours, would read its forms, and starts a sign-in. */
const script = (name: string) =>
  `fetch('/-/${name}').then(a => a.text()).then(x => fetch('/-/sign-in', { method: 'POST', body: x })); new Image().src = '/-/image-${name}'`

const documents: Record<string, { type: string; body: string }> = {
  html: { type: 'text/html', body: `<!doctype html><script>${script('html')}</script>` },
  xhtml: {
    type: 'application/xhtml+xml',
    body: `<html xmlns="http://www.w3.org/1999/xhtml"><body><script>${script('xhtml')}</script></body></html>`,
  },
  svg: { type: 'image/svg+xml', body: `<svg xmlns="http://www.w3.org/2000/svg"><script>${script('svg')}</script></svg>` },
  'svg-event': {
    type: 'image/svg+xml',
    body: `<svg xmlns="http://www.w3.org/2000/svg" onload="${script('svg-event').replaceAll('"', "'")}"/>`,
  },
  xml: {
    type: 'application/xml',
    body: `<x><script xmlns="http://www.w3.org/1999/xhtml">${script('xml').replaceAll('>', '&gt;')}</script></x>`,
  },
  'xml-stylesheet': { type: 'text/xml', body: `<?xml version="1.0"?><?xml-stylesheet type="text/css" href="/-/xml-stylesheet"?><x/>` },
  'html-charset': { type: 'text/html; charset=utf-7', body: `<!doctype html><script>${script('html-charset')}</script>` },
  'html-in-capitals': { type: 'TEXT/HTML', body: `<!doctype html><script>${script('html-in-capitals')}</script>` },
  image: { type: 'text/html', body: `<img src="/-/image">` },
  frame: { type: 'text/html', body: `<iframe src="/-/frame"></iframe>` },
  style: { type: 'text/html', body: `<link rel=stylesheet href="/-/style">` },
  refresh: { type: 'text/html', body: `<meta http-equiv=refresh content="0; url=/-/refresh">` },
  form: { type: 'text/html', body: `<form method=post action="/-/form"></form><script>document.forms[0].submit()</script>` },
  base: { type: 'text/html', body: `<base href="/-/"><img src="base">` },
  event: { type: 'text/html', body: `<img src="data:," onerror="new Image().src='/-/event'">` },
  worker: { type: 'text/html', body: `<script>navigator.serviceWorker; fetch('/-/worker')</script>` },
}
/** A refresh leads the whole tab to another page, as a link does; it reads nothing, and none of our pages changes anything on a GET. */
const navigates = new Set(['refresh'])

t.test('HTML, SVG, XML and scripts of the service make 0 requests to our pages (requirement 14)', async t => {
  const origin = await startStrictOrigin(t)
  const attack = await startUnderAttack(t, { '/fhir': origin })
  origin.answer = ({ target }) => {
    const { type, body } = documents[target.slice(1)] ?? { type: 'text/plain', body: '' }
    const head = `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\nContent-Security-Policy: default-src *\r\n\r\n`
    return { bytes: Buffer.from(head + body), keep: true }
  }
  const wire = await startWire(t, attack.daemon.port)
  const unguarded = await startCountingServer(t, path => {
    const document = documents[path.slice(1)]
    return document && { fields: { 'Content-Type': document.type }, body: document.body }
  })
  const browser = await launchBrowser()
  t.teardown(() => browser.close())
  const reached = (targets: readonly string[], name: string) => targets.some(target => target.startsWith(`/-/`) && target.includes(name))
  const open = async (name: string) => {
    const control = await browser.newPage()
    await control.goto(`http://localhost:${unguarded.port}/${name}`, { waitUntil: 'commit' })
    await unguarded.asked([`/-/${name}`])
    t.pass(`${name}: without the sandbox it reaches our pages`)
    await control.close()
    const page = await browser.newPage()
    const answer = await page.goto(`http://localhost:${wire.port}/fhir/${name}`)
    t.equal(answer?.status(), 200)
    t.ok(wire.targets.includes(`/fhir/${name}`), `${name}: it was opened through hallpass`)
    if (!navigates.has(name)) {
      await page.waitForLoadState('load')
      t.notOk(reached(wire.targets, name), `${name}: and reaches nothing`)
    }
    await page.close()
  }
  const names = Object.keys(documents)
  for (let at = 0; at < names.length; at += 4) await Promise.all(names.slice(at, at + 4).map(open))
  t.strictSame(
    wire.targets.filter(target => target.startsWith('/-/') && ![...navigates].some(name => target.includes(name))),
    [],
  )
})

t.test('our own pages are framed by nobody (requirement 14)', async t => {
  const origin = await startStrictOrigin(t)
  const attack = await startUnderAttack(t, { '/fhir': origin })
  for (const path of ['/', '/-/sign-in', '/-/sign-in/none']) {
    const answer = await fetch(`${attack.daemon.url}${path}`)
    t.equal(answer.headers.get('x-frame-options'), 'DENY', path)
    t.match(answer.headers.get('content-security-policy'), /default-src 'none'.*frame-ancestors 'none'/)
    t.equal(answer.headers.get('cross-origin-opener-policy'), 'same-origin')
  }
})
