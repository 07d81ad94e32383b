// Tells of refused connections without letting those who are refused fill the log: the first at once, then how many there were.
import type { HallpassError } from '../errors/hallpass-error.ts'
import type { Tell } from '../journal/events.ts'
import type { Clock } from '../terms/edges.ts'

/** Milliseconds between two lines. */
const pause = 10_000

/** Gives the function that hears of each refusal. */
export function reportRefused(tell: Tell, clock: Clock): (why: HallpassError) => void {
  let pausing = false
  let untold = 0
  const say = (why: HallpassError, count: number) => {
    const { code, summary, remedy } = why
    tell({ event: 'connections-refused', code, summary, remedy, count })
    pausing = true
    untold = 0
    clock.after(pause, () => {
      pausing = false
      if (untold > 0) say(why, untold)
    })
  }
  return why => {
    if (pausing) untold++
    else say(why, 1)
  }
}
