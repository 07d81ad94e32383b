// The Host rule: the one thing that tells a rebound page from curl.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Head } from './head.ts'
import type { Policy } from './policy.ts'

const loopbackName = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i

/**
 * Refuses a request that does not name, exactly once, this machine or a configured host (RFC 9112 section 3.2). A page that rebound its
 * name to 127.0.0.1 sends neither Origin nor Sec-Fetch fields on a GET, but it cannot send another Host than its own.
 */
export function judgeHost({ host }: Head, { port, extraHosts }: Policy): HallpassError | undefined {
  if (host !== undefined && (loopbackName.test(host) || isExtra(host, extraHosts))) return undefined
  return new HallpassError('host-refused', { port })
}

function isExtra(host: string, extraHosts: ReadonlySet<string>): boolean {
  return extraHosts.size > 0 && extraHosts.has(host.replace(/:\d{1,5}$/, '').toLowerCase())
}
