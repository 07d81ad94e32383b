// How long nobody asks again after a failure: exponential with jitter, or as long as the authorization server said.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Clock, Random } from '../terms/edges.ts'
import { between } from './jitter.ts'

/** What the last attempts for a key ended with. */
export type Pause = {
  /** Attempts in a row that failed. */
  failures: number
  /** Nobody asks again before this time (milliseconds since the epoch). */
  until: number
  /** Why; undefined when only a person can go on. */
  error: HallpassError | undefined
}

export type BackOff = {
  /** The pause that goes on now. */
  now(key: string): Pause | undefined
  /** The failures since the last success, whether their pause is over or not. */
  last(key: string): Pause | undefined
  /** Notes a failed attempt; without an error, that only a person can go on. */
  failed(key: string, error: HallpassError | undefined): Pause
  clear(key: string): void
}

/** The first pause and the longest, in milliseconds: after a failure, and where only a person can go on. */
const pauses = { failure: { first: 1_000, longest: 30_000 }, person: { first: 60_000, longest: 900_000 } }

/** A server's own Retry-After is obeyed up to this many milliseconds: a captive portal may say anything. */
const obeyed = 300_000

export function createBackOff({ clock, random }: { clock: Clock; random: Random }): BackOff {
  const known = new Map<string, Pause>()
  const lengthOf = (failures: number, error: HallpassError | undefined): number => {
    const wished = error && retryAfterOf(error)
    if (wished !== undefined) return Math.min(wished * 1000, obeyed) + between(0, 1_000, random)
    const { first, longest } = error ? pauses.failure : pauses.person
    const full = Math.min(first * 2 ** (failures - 1), longest)
    return between(full / 2, full, random)
  }
  return {
    now: key => {
      const pause = known.get(key)
      return pause && pause.until > clock.now() ? pause : undefined
    },
    last: key => known.get(key),
    failed: (key, error) => {
      const before = known.get(key)
      const failures = Math.min((before?.failures ?? 0) + 1, 20)
      const pause = { failures, until: clock.now() + lengthOf(failures, error), error }
      known.set(key, pause)
      return pause
    },
    clear: key => void known.delete(key),
  }
}

/** The error with the time at which asking again makes sense (RFC 9110 section 10.2.3). */
export function withRetryAfter(error: HallpassError, until: number, now: number): HallpassError {
  const seconds = Math.max(1, Math.ceil((until - now) / 1000))
  return new HallpassError(error.code, error.particulars, {
    cause: error,
    fields: { ...error.fields, 'Retry-After': String(seconds) },
    more: error.more,
  })
}

/** Seconds that the authorization server asked for, as its failure carries them. */
function retryAfterOf({ particulars, fields }: HallpassError): number | undefined {
  const seconds = Number(particulars.retryAfterSeconds ?? fields['Retry-After'] ?? Number.NaN)
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined
}
