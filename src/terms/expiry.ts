// The expiry calendar: how near the end of a credential is, and when somebody should hear of it.

/** Milliseconds of a day. */
export const day = 24 * 3_600_000

/** Days before the end at which a warning is due, the last one first. */
const warnings = [1, 7, 14, 30] as const

/** The warning that is due: so many days before the end or fewer, or the end is past. */
export type Stage = 'expired' | (typeof warnings)[number]

/** What is due at the time `now` for something that ends at `expiresAt` (milliseconds since the epoch); undefined while there is time. */
export function stageOf(expiresAt: number, now: number): Stage | undefined {
  if (now >= expiresAt) return 'expired'
  return warnings.find(days => expiresAt - now <= days * day)
}

/** How far away the end is, in words that follow "expires" or, when it is past, "expired". */
export function describeDistance(expiresAt: number, now: number): string {
  const distance = Math.abs(expiresAt - now)
  const past = now >= expiresAt
  if (distance < day) return past ? 'within the last day' : 'within a day'
  const days = Math.round(distance / day)
  const count = days === 1 ? '1 day' : `${days} days`
  return past ? `${count} ago` : `in ${count}`
}

/** The date in UTC, as ISO 8601 writes it. */
export function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

/** A day (ISO 8601) as people give it, or undefined. A day without a time ends the secret when it begins, in UTC: rather too early than too late. */
export function parseDay(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/.test(text)) return undefined
  const time = Date.parse(text)
  // Date.parse takes the 31st of February for the 3rd of March.
  return Number.isNaN(time) || (text.length === 10 && dateOf(time) !== text) ? undefined : time
}
