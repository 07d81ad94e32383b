// The pages that we show to a browser: plain HTML without scripts, readable in the dark, under a CSP that allows nothing else.
import { createHash } from 'node:crypto'
import type { HallpassError } from './hallpass-error.ts'

const style = `:root{color-scheme:light dark;--ink:#1b1f24;--quiet:#59636e;--ground:#fff;--line:#d1d9e0;--accent:#0b6bcb}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--quiet:#9aa4af;--ground:#0f141a;--line:#30363d;--accent:#6cb2ff}}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:38rem;margin:12vh auto 4rem;padding:0 1.5rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem}
p{margin:0 0 1rem;overflow-wrap:anywhere}
.quiet{color:var(--quiet);font-size:.875rem}
table{border-collapse:collapse;width:100%;margin:0 0 1.5rem}
th,td{text-align:left;padding:.4rem 1rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600}
th,td code{overflow-wrap:normal}
a{color:var(--accent)}
form{margin:0 0 1rem}
.code{font:600 2rem/1.2 ui-monospace,monospace;letter-spacing:.12em}
button,.go{display:inline-block;font:inherit;font-weight:600;text-decoration:none;color:var(--ground);background:var(--accent);border:1px solid var(--accent);border-radius:.375rem;padding:.5rem 1.2rem;cursor:pointer}
button.lesser{font-weight:400;color:var(--ink);background:none;border-color:var(--line)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
code{font-family:ui-monospace,monospace;font-size:.9375em}`

const styleHash = `'sha256-${createHash('sha256').update(style).digest('base64')}'`

/** Text of a page; `html` parts are built by `markup` only. */
export type Page = {
  title: string
  /** Inner HTML of the main element, below its heading. */
  main: string
  /** Origins beside our own to which a form of this page may lead (Chromium holds redirects after a form against it). */
  formOrigins?: readonly string[]
  /** Path of ours to which the page goes on by itself, at once or after so many seconds. */
  refreshTo?: string
  refreshSeconds?: number
}

/** The HTML document of a page. */
export function renderPage({ title, main, refreshTo, refreshSeconds = 0 }: Page): string {
  const refresh = refreshTo === undefined ? '' : markup`<meta http-equiv="refresh" content="${refreshSeconds}; url=${refreshTo}">\n`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
${refresh}<title>${escapeHtml(title)} · hallpass</title>
<style>${style}</style>
<main>
<h1>${escapeHtml(title)}</h1>
${main}
</main>
</html>
`
}

/** The fields under which a page of ours is served. */
export function pageFields({ formOrigins = [] }: Page): Record<string, string> {
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': `default-src 'none'; style-src ${styleHash}; form-action 'self' ${formOrigins.join(' ')}; base-uri 'none'; frame-ancestors 'none'`,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
    // Not no-referrer: browsers then post our own forms with `Origin: null`.
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
  }
}

/** HTML from a template: every value is escaped. */
export function markup(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return parts.reduce((html, part, index) => `${html}${escapeHtml(String(values[index - 1]))}${part}`)
}

/** A form with one button that starts a sign-in and comes back to `returnTo`, a path of ours. */
export function signInForm(profile: string, returnTo: string | undefined): string {
  const back = returnTo === undefined ? '' : markup`<input type="hidden" name="return_to" value="${returnTo}">`
  return markup`<form method="post" action="/-/sign-in"><input type="hidden" name="profile" value="${profile}">`.concat(
    back,
    markup`<button>Sign in (${profile})</button></form>`,
  )
}

/** The page that asks a browser's user to sign in before it goes on to `returnTo`, a path of ours. */
export function signInRequiredPage(profile: string, service: string, returnTo: string): Page {
  const main = markup`<p>The answer comes from <code>${service}</code>, and nobody is signed in for <code>${profile}</code> yet.</p>`
  return { title: 'Sign in to go on', main: main.concat(signInForm(profile, returnTo)) }
}

/** The page of an error; `more` is HTML that follows its remedy. */
export function errorPage(error: HallpassError, more = ''): Page {
  return {
    title: error.summary,
    main: `<p>${withCode(error.remedy)}</p>`.concat(more, markup`<p class="quiet"><code>${error.code}</code></p>`),
  }
}

/** What stands between backticks in a sentence is something to type. */
function withCode(sentence: string): string {
  return escapeHtml(sentence).replace(/`([^`]+)`/g, '<code>$1</code>')
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
