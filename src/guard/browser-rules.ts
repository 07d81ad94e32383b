// The browser rules: a web page of another origin gets nothing, and programs are left alone (Fetch Metadata Request Headers, W3C).
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Head } from './head.ts'
import type { Policy } from './policy.ts'

/** Refuses prefetching and prerendering: they act without the user, and arrive with `Sec-Fetch-Site: none` like the address bar. */
export function judgePrefetch({ prefetch }: Head): HallpassError | undefined {
  return prefetch ? new HallpassError('prefetch-refused') : undefined
}

/**
 * Refuses what a page of another origin has sent. To be asked after judgeHead (the Host must be ours), and not for the redirect path,
 * which is judged by `state` alone, nor for top-level GETs of pages of ours that change nothing: both come from foreign sites.
 *
 * `none` does not prove that the user asked: a redirect arrives with it as well. So it opens nothing but GET and HEAD.
 */
export function judgeOrigin(method: string, head: Head, { allowedOrigins }: Policy): HallpassError | undefined {
  const { site, origin } = head
  if (head.repeatedBrowserField) return refuse('repeated field')
  // No page but our own can have it sent: a rebound one stays rebound. A development server that rewrites Host leaves the Origin foreign.
  if (site === 'same-origin') return undefined
  if (origin !== undefined && !isOwnOrigin(origin, head) && !allowedOrigins.has(origin)) return refuse('foreign Origin')
  if (site === undefined) return origin !== undefined || isKnownReferer(head, allowedOrigins) ? undefined : refuse('foreign Referer')
  if (site === 'none') return origin !== undefined || isSafe(method) ? undefined : refuse('no Origin')
  // same-site is another port of this machine; a value that no specification knows is no better than cross-site.
  return (origin !== undefined && head.mode !== 'navigate') || isImageOfAllowedPage(method, head, allowedOrigins)
    ? undefined
    : refuse('cross-site request')
}

const allowOrigin =
  'If the page is your own app, add its origin (scheme, host and port, as in its address) to `access.allowedOrigins` (or `--access-allowed-origins`).'

/** What would satisfy each rule. */
const fixes = {
  'foreign Origin': allowOrigin,
  'foreign Referer': allowOrigin,
  'cross-site request': `Type the address yourself. ${allowOrigin} It may then fetch, not navigate.`,
  'no Origin': `Send it from a program. ${allowOrigin}`,
  'repeated field': 'Send Origin, Referer and each Sec-Fetch field once, as browsers do.',
} as const

function refuse(rule: keyof typeof fixes): HallpassError {
  return new HallpassError('browser-refused', { rule, fix: fixes[rule] })
}

/**
 * As judgeOrigin, for what is ours: an app that may call the services has no say in who signs in. To be asked for everything under `/-/` but
 * top-level GETs.
 */
export function judgeOwnPage(method: string, head: Head, policy: Policy): HallpassError | undefined {
  const refusal = judgeOrigin(method, head, { ...policy, allowedOrigins: noOrigins })
  if (!refusal) return undefined
  return new HallpassError('browser-refused', {
    rule: refusal.particulars.rule ?? '',
    fix: `Only its own pages may do this: open http://localhost:${policy.port}/ in your browser.`,
  })
}

/**
 * For the control API: nobody but its own pages and programs. A page whose Sec-Fetch-Site says same-origin because a development server stands
 * between is refused here by its Origin.
 */
export function judgeApi(head: Head, { port }: Policy): HallpassError | undefined {
  const { origin, referer, site, repeatedBrowserField } = head
  const isOwn = (text: string | undefined) => !text || isOwnOrigin(originOf(text), head)
  if (!repeatedBrowserField && isOwn(origin) && isOwn(referer) && (site === undefined || site === 'same-origin')) return undefined
  const fix = `Only its own pages and programs may do this: open http://localhost:${port}/ in your browser.`
  return new HallpassError('browser-refused', { rule: 'control API', fix })
}

const noOrigins: ReadonlySet<string> = new Set()

function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function isOwnOrigin(origin: string, { host = '' }: Head): boolean {
  return origin.length === 7 + host.length && origin.startsWith('http://') && origin.endsWith(host)
}

/** For requests without Sec-Fetch-Site and Origin: browsers that are older than the first, and pages that are not in a secure context. */
function isKnownReferer(head: Head, allowedOrigins: ReadonlySet<string>): boolean {
  if (!head.referer) return true
  const origin = originOf(head.referer)
  return isOwnOrigin(origin, head) || allowedOrigins.has(origin)
}

/** An <img> of a DICOM viewer sends no Origin; its Referer is what tells it from any other page's. */
function isImageOfAllowedPage(method: string, { mode, referer }: Head, allowedOrigins: ReadonlySet<string>): boolean {
  return mode === 'no-cors' && isSafe(method) && referer !== undefined && allowedOrigins.has(originOf(referer))
}

/** Scheme and authority of a URL as a browser writes it, cut by hand: what is no such URL equals no origin. */
function originOf(url: string): string {
  const end = url.indexOf('/', url.indexOf('://') + 3)
  return end === -1 ? url : url.slice(0, end)
}
