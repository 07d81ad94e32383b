// The watch over expiring credentials, by a driven clock.
import t from 'tap'
import type { Deadline } from '../../src/compose/credentials/deadlines.ts'
import { watchExpiry } from '../../src/compose/credentials/expiry-watch.ts'
import { describeEvent, type Event } from '../../src/journal/events.ts'
import { day } from '../../src/terms/expiry.ts'
import { manualClock } from '../fixtures/clocks.ts'

const hour = day / 24
const start = Date.UTC(2027, 0, 1)

function watched(deadlines: () => Deadline[]) {
  const clock = manualClock(start)
  const events: { day: number; event: Event }[] = []
  const watch = watchExpiry(deadlines, clock, event => void events.push({ day: Math.round((clock.now() - start) / hour) / 24, event }))
  return { clock, events, watch }
}

const secret = (days: number, more: Partial<Deadline> = {}): Deadline => ({
  ...{ profile: 'job', kind: 'secret', expiresAt: start + days * day, assumed: false, previous: false },
  ...more,
})

t.test('a credential that ends in 40 days is told of from day 10 on, once a day, and as expired from day 40 on', async t => {
  const { clock, events, watch } = watched(() => [secret(40)])
  t.equal(events.length, 0)
  clock.advance(43 * day)
  t.strictSame(
    events.map(({ day }) => day),
    Array.from({ length: 34 }, (_, index) => 10 + index),
  )
  t.match(
    describeEvent(events[0]?.event as Event),
    /^The client secret of profile job expires in 30 days, on 2027-02-10\.\n {2}→ Make a new one/,
  )
  t.match(events[30]?.event, { code: 'credential-expired', summary: 'The client secret of profile job expired on 2027-02-10.' })
  watch.close()
  t.strictSame(clock.waiting(), [])
})

t.test('what ends soon is told at the start; a new credential ends the warnings', async t => {
  const current = [secret(0.5, { kind: 'certificate' })]
  const { clock, events } = watched(() => current)
  t.match(events, [{ day: 0, event: { code: 'credential-expiring', summary: /certificate of profile job expires within a day/ } }])
  current[0] = secret(180)
  clock.advance(100 * day)
  t.equal(events.length, 1)
})

t.test('after days asleep one warning comes, not one for each', async t => {
  const { clock, events } = watched(() => [secret(31)])
  const asleep = { now: clock.now() + 25 * day }
  const awake = watchExpiry(
    () => [secret(31)],
    { now: () => asleep.now, after: () => ({ cancel: () => undefined }) },
    event => void events.push({ day: 0, event }),
  )
  t.match(events, [{ event: { summary: /in 6 days/ } }])
  awake.close()
})

t.test('an end that was only assumed is told as such; one that nobody knows is not told', async t => {
  const { events } = watched(() => [secret(3, { assumed: true }), secret(0, { expiresAt: null })])
  t.match(events, [{ event: { summary: /\(assumed: nobody said when\)/, remedy: /say so with `--expires`/ } }])
  t.equal(events.length, 1)
})
