// Watches the ends of credentials while the daemon runs, and warns in time.
import type { Tell } from '../../journal/events.ts'
import type { Clock, Timer } from '../../terms/edges.ts'
import { day, stageOf } from '../../terms/expiry.ts'
import { type Deadline, warningOf } from './deadlines.ts'

/** Milliseconds between two looks. Often, because a timer does not count the hours in which the machine sleeps. */
const interval = 3_600_000

/** Tells of every credential that ends soon, now and then once a day, until closed. */
export function watchExpiry(deadlines: () => readonly Deadline[], clock: Clock, tell: Tell): { close(): void } {
  const told = new Map<string, { stage: unknown; at: number }>()
  let timer: Timer
  const look = () => {
    timer = clock.after(interval, look)
    const now = clock.now()
    for (const deadline of deadlines()) {
      const warning = warningOf(deadline, now)
      const { profile, kind, expiresAt } = deadline
      if (!warning || expiresAt === null) continue
      const key = JSON.stringify([profile, kind, expiresAt])
      const stage = stageOf(expiresAt, now)
      const last = told.get(key)
      if (last && last.stage === stage && now - last.at < day) continue
      told.set(key, { stage, at: now })
      const { code, summary, remedy } = warning
      tell({ event: 'credential-expiring', profile, credential: kind, code, summary, remedy })
    }
  }
  look()
  return { close: () => timer.cancel() }
}
