// Of refused connections each user is told at once, then how often they came; our own port probes are not told at all.
import t from 'tap'
import { reportRefused } from '../../src/daemon/refused-connections.ts'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import type { Event } from '../../src/journal/events.ts'
import { manualClock } from '../fixtures/clocks.ts'

const foreign = (uid: number) => new HallpassError('peer-refused', { uid })

function reporting() {
  const clock = manualClock()
  const told: string[] = []
  const report = reportRefused((event: Event) => {
    if (event.event === 'connections-refused') told.push(`${/uid \d+/.exec(event.summary)?.[0]}: ${event.count}`)
  }, clock)
  return { clock, told, report }
}

t.test('each user is told at once, then every ten seconds how often they came', async t => {
  const { clock, told, report } = reporting()
  for (const uid of [1001, 1001, 1002, 1001, 1002]) report(foreign(uid))
  t.strictSame(told.splice(0), ['uid 1001: 1', 'uid 1002: 1'])
  clock.advance(9_999)
  t.strictSame(told, [])
  clock.advance(1)
  t.strictSame(told.splice(0), ['uid 1001: 2', 'uid 1002: 1'])
  clock.advance(60_000)
  t.strictSame(told, [], 'and nothing more once nobody comes')
  report(foreign(1001))
  t.strictSame(told, ['uid 1001: 1'])
  t.strictSame(clock.waiting(), [10_000])
})

t.test('a client that has gone is not told', async t => {
  const { told, report } = reporting()
  report(new HallpassError('peer-unknown'))
  t.strictSame(told, [])
})

t.test('ever new users cost no memory', async t => {
  const { clock, told, report } = reporting()
  for (let uid = 1; uid <= 1_000; uid++) report(foreign(uid))
  t.equal(told.length, 32)
  t.equal(clock.waiting().length, 32)
})
