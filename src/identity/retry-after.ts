// Retry-After (RFC 9110 section 10.2.3): when to ask the authorization server again.

/** No server of ours asks for more patience; a clock that is wrong might. */
const longest = 3600

/** Seconds to wait, 0 to 3600, from a number of seconds or an HTTP date; undefined when there is no such field, or it says neither. */
export function readRetryAfter(value: string | undefined, now: number = Date.now()): number | undefined {
  if (value === undefined) return undefined
  const seconds = /^\s*\d{1,9}\s*$/.test(value) ? Number(value) : /[a-z]{3}/i.test(value) ? (Date.parse(value) - now) / 1000 : Number.NaN
  return Number.isNaN(seconds) ? undefined : Math.min(longest, Math.max(0, Math.ceil(seconds)))
}
