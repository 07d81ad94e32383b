// Tells of other users' connections without letting them fill the log: of each user at once, then how often they came.
import type { HallpassError } from '../errors/hallpass-error.ts'
import type { Tell } from '../journal/events.ts'
import type { Clock } from '../terms/edges.ts'

/** Milliseconds between two lines on one user. */
const pause = 10_000

/** Users at a time; of further ones nothing is told meanwhile. */
const most = 32

/** Gives the function that hears of each refusal. Of a client that has gone nothing is told: it is nobody's, and port probes of our own look like it. */
export function reportRefused(tell: Tell, clock: Clock): (why: HallpassError) => void {
  const untold = new Map<string, number>()
  const say = (why: HallpassError, count: number) => {
    const { code, summary, remedy } = why
    tell({ event: 'connections-refused', code, summary, remedy, count })
    untold.set(summary, 0)
    clock.after(pause, () => {
      const more = untold.get(summary) ?? 0
      untold.delete(summary)
      if (more > 0) say(why, more)
    })
  }
  return why => {
    if (why.code !== 'peer-refused') return
    const count = untold.get(why.summary)
    if (count !== undefined) untold.set(why.summary, count + 1)
    else if (untold.size < most) say(why, 1)
  }
}
