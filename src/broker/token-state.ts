// What `status` tells of a route's token. Asking changes nothing.
import type { HallpassError } from '../errors/hallpass-error.ts'
import type { Route } from '../terms/route.ts'
import type { BackOff } from './back-off.ts'
import type { Slots } from './slots.ts'

/** Times are milliseconds since the epoch. */
export type TokenState = {
  expiresAt: number | undefined
  /** When it is renewed ahead of its end; undefined when nothing is. */
  refreshAt: number | undefined
  /** Why the last renewal failed; undefined when it did not. */
  failure: HallpassError | undefined
  /** Only a person can bring the next token. */
  needsPerson: boolean
  /** Until when nobody asks the authorization server again. */
  pausedUntil: number | undefined
}

export function createReport({ slots, backOff }: { slots: Slots; backOff: BackOff }): (route: Route) => TokenState {
  return route => {
    const slot = slots.of(route)
    const bearer = slots.alive(slot)
    const last = backOff.last(slot.key)
    const pause = backOff.now(slot.key)
    const due = last ? Math.max(slot.refreshAt, last.until) : slot.refreshAt
    return {
      expiresAt: bearer?.expiresAt,
      refreshAt: bearer && Number.isFinite(due) ? due : undefined,
      failure: last?.error,
      needsPerson: last !== undefined && !last.error,
      pausedUntil: pause?.error && pause.until,
    }
  }
}
