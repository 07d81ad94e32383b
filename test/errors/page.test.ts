// Our own pages: one policy for all of them, and whatever stands in them is text.
import { createHash } from 'node:crypto'
import t from 'tap'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { errorPage, markup, pageFields, renderPage, signInForm, signInRequiredPage } from '../../src/errors/page.ts'

t.test('a page of ours may load nothing but its own style, be framed by nobody, and rest in no cache', async t => {
  const page = { title: 'Title', main: '<p>Text</p>' }
  const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(renderPage(page)) ?? []
  const hash = createHash('sha256').update(style).digest('base64')
  const policyWith = (origins: string) =>
    `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self' ${origins}; base-uri 'none'; frame-ancestors 'none'`
  t.strictSame(pageFields(page), {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policyWith(''),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
  })
  const leading = pageFields({ ...page, formOrigins: ['https://login.example'] })
  t.equal(leading['Content-Security-Policy'], policyWith('https://login.example'))
})

t.test('whatever stands in a page is text', async t => {
  const canary = `<i>&"'`
  const escaped = '&#60;i&#62;&#38;&#34;&#39;'
  const pages = [
    renderPage({ title: canary, main: markup`<p title="${canary}">${canary}</p>`, refreshTo: canary }),
    renderPage({ title: '', main: signInForm(canary, canary) }),
    renderPage(signInRequiredPage(canary, canary, canary)),
    renderPage(errorPage(new HallpassError('usage', { what: canary, command: canary }))),
    renderPage(errorPage(new HallpassError('state-folder-unsafe', { path: canary, why: canary }))),
  ]
  for (const html of pages) {
    t.match(html, escaped)
    t.notMatch(html, '<i>')
    t.notMatch(html, canary)
    t.notMatch(html.replaceAll(escaped, ''), /&(?!#\d+;)/, 'no ampersand stands alone')
  }
  t.equal(markup`${1}`, '1')
  t.match(renderPage(errorPage(new HallpassError('usage', { what: '', command: 'hallpass <x>' }))), '&#60;x&#62;', 'between backticks too')
})
