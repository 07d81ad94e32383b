// Renews tokens before anybody needs it: by the wall clock, so that what fell due during sleep is done at once after it.
import type { Clock, Timer } from '../terms/edges.ts'
import type { BackOff } from './back-off.ts'
import type { Flights } from './flights.ts'
import type { Slot, Slots } from './slots.ts'

export type RefreshAhead = {
  /** Keeps looking as long as there is something to renew. */
  arm(): void
  /** Renews this token in the background if it is due. */
  check(slot: Slot): void
  close(): void
}

/** Milliseconds between two looks. Timers stand still while the machine sleeps; a long one would ring hours late. */
const tick = 15_000
/** What nobody used for this many milliseconds is renewed when somebody asks for it again. */
const forgotten = 86_400_000

export function createRefreshAhead(parts: { clock: Clock; slots: Slots; flights: Flights; backOff: BackOff }): RefreshAhead {
  const { clock, slots, flights, backOff } = parts
  let timer: Timer | undefined
  let closed = false

  const isUsed = ({ bearer, usedAt }: Slot, now: number) => bearer !== undefined && now - usedAt < forgotten
  const isDue = (slot: Slot, now: number) => isUsed(slot, now) && now >= slot.refreshAt && !backOff.now(slot.key) && !flights.underWay(slot)
  /** Once only a person can go on and the token has ended, there is nothing to renew. */
  const isOver = (slot: Slot) => {
    const last = backOff.last(slot.key)
    return last !== undefined && !last.error && !slots.alive(slot)
  }

  const check = (slot: Slot) => {
    // Whoever asks for the token hears of a failure; so does `status`.
    if (isDue(slot, clock.now()) && !isOver(slot)) flights.join(slot).catch(() => undefined)
  }
  const look = () => {
    timer = undefined
    for (const slot of slots.all()) check(slot)
    arm()
  }
  const arm = () => {
    if (closed || timer) return
    const now = clock.now()
    if (!slots.all().some(slot => isUsed(slot, now) && !isOver(slot))) return
    timer = clock.after(tick, look)
  }
  return {
    arm,
    check,
    close: () => {
      closed = true
      timer?.cancel()
    },
  }
}
