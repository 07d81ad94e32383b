// The frame of every page that the identity provider shows: its look, and a policy under which it can run nothing.
import { randomBytes } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { type Html, html } from './html.ts'

export type Page = {
  status: number
  title: string
  body: Html
  /** Besides ourselves, where a form on the page may lead, redirects included: a source expression of Content-Security-Policy. */
  formTarget?: string
  /** The one script that the page may run. */
  script?: string
  /** `same-origin` where a form comes back to us: a page without any referrer would post it with `Origin: null`. */
  referrerPolicy: 'no-referrer' | 'same-origin'
}

/** Sends a page that nobody may keep, frame or add to. */
export function sendPage(reply: FastifyReply, { status, title, body, formTarget, script, referrerPolicy }: Page): FastifyReply {
  const nonce = randomBytes(16).toString('base64')
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${style}</style>
</head>
<body>
<main>
${body}
</main>
${script !== undefined && html`<script nonce="${nonce}">${{ markup: script }}</script>`}
</body>
</html>
`
  return reply
    .code(status)
    .headers(pageHeaders(nonce, formTarget, script !== undefined, referrerPolicy))
    .send(document.markup)
}

/** A source expression for a redirect URI: its origin, or its scheme where it has none. */
export function formTargetOf(redirectUri: string): string {
  const { origin, protocol } = new URL(redirectUri)
  return origin === 'null' ? protocol : origin
}

/** Fields of every answer that holds a code, a token or a ticket, or leads to one. */
export const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' }

function pageHeaders(nonce: string, formTarget: string | undefined, scripted: boolean, referrerPolicy: string) {
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    'img-src data:',
    ...(scripted ? [`script-src 'nonce-${nonce}'`] : []),
    `form-action ${["'self'", formTarget].filter(Boolean).join(' ')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]
  return {
    ...noStore,
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'referrer-policy': referrerPolicy,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  }
}

const style: Html = {
  markup: `
:root { color-scheme: light dark; --ground: #f3f5f4; --card: #fff; --ink: #1c2421; --quiet: #55625c; --line: #d3dbd7; --accent: #0b6b57; --on-accent: #fff; --tint: #e9f4f0; --warn: #a3341f }
@media (prefers-color-scheme: dark) {
  :root { --ground: #111614; --card: #1a211e; --ink: #e6ece9; --quiet: #a0ada7; --line: #35403b; --accent: #5cc7ab; --on-accent: #06231b; --tint: #1d2f29; --warn: #ff9d86 }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 2rem 1rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 32rem; padding: 1.75rem 2rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px }
h1 { margin: 0 0 .75rem; font-size: 1.4rem; line-height: 1.25 }
p { margin: 0 0 1rem }
.quiet, small, legend, dt { color: var(--quiet) }
.quiet, small { font-size: .875rem }
code, dd { font-family: ui-monospace, monospace; font-size: .8125rem; overflow-wrap: anywhere }
fieldset { margin: 1.25rem 0; padding: 0; border: 0 }
legend { padding: 0; margin-bottom: .5rem; font-size: .875rem }
label { display: grid; grid-template-columns: auto 1fr; column-gap: .75rem; margin-bottom: .5rem; padding: .6rem .875rem; border: 1px solid var(--line); border-radius: 8px; cursor: pointer }
label:hover { border-color: var(--accent) }
label:has(:checked) { border-color: var(--accent); background: var(--tint) }
label:has(:focus-visible), button:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
label input { width: 1.05rem; height: 1.05rem; margin: .25rem 0 0; accent-color: var(--accent); outline: none }
.entry { display: grid; grid-template-columns: 1fr; cursor: text }
.entry span { color: var(--quiet); font-size: .875rem }
.entry input { width: 100%; height: auto; margin: 0; padding: .25rem 0; border: 0; background: none; color: inherit; font: 1.25rem ui-monospace, monospace; letter-spacing: .12em; text-transform: uppercase }
ul { margin: 0 0 1.25rem; padding-left: 1.25rem }
a { color: var(--accent) }
summary { margin: .75rem 0; color: var(--quiet); font-size: .875rem; cursor: pointer }
summary:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.may { display: block }
small { line-height: 1.4 }
.actions { display: flex; flex-wrap: wrap; gap: .75rem }
button { padding: .6rem 1.25rem; border: 1px solid var(--accent); border-radius: 8px; background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; cursor: pointer }
button.second { background: none; color: var(--ink); border-color: var(--line); font-weight: 400 }
.from { margin: 1.5rem 0 0; padding-top: 1rem; border-top: 1px solid var(--line) }
.refusal { padding: .75rem .875rem; border-left: 4px solid var(--warn); background: var(--ground); overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 0; font-size: .875rem }
dd { margin: 0; align-self: center }
`,
}
