// Which URLs a person's browser may be sent to.
import { isLoopback } from './service-url.ts'

/**
 * True for a URL of exactly this origin, by https, or by http on this machine (a sandbox's, or our own), that carries no user name or password:
 * what a page of another place could look like (RFC 3986 section 7.6).
 */
export function mayOpen(text: string, origin: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url))
  return isSafe && url.origin === origin && url.username === '' && url.password === ''
}
