// The journal's record and its entry on the wire have the same members: one cannot grow without the other.
import t from 'tap'
import type { ExchangeEntry } from '../../src/control/client/wire.ts'
import { type ExchangeRecord, emptyRecord } from '../../src/journal/record.ts'
import { startBoth } from '../harness/composed.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

/** A record as JSON carries it: its time as text, and without what only `explain` shows. */
type Sent = Omit<ExchangeRecord, 'evidence' | 'time'> & { time: string }

/** True when each is the other, to the last optional member. */
type Same<One, Other> = [One, Other] extends [Other, One]
  ? [keyof One, keyof Other] extends [keyof Other, keyof One]
    ? true
    : never
  : never

// Does not compile when one has a member, or a type of one, that the other has not.
const same: Same<Sent, ExchangeEntry> & Same<Required<Sent>, ExchangeEntry> & Same<Sent, Required<ExchangeEntry>> = true

t.test('what the daemon answers is what the command line expects, member for member', async t => {
  t.ok(same)
  const { daemon, opening, control } = await startBoth(t)
  const refused = await fetch(`${daemon.url}/fhir/Patient/1`, { headers: { 'Hallpass-Interactive': 'never' } })
  t.equal(refused.status, 401)
  const waiting = fetch(`${daemon.url}/fhir/Patient?_count=1`)
  await signInByForm(await opening())
  await (await waiting).text()
  const { evidence: _, ...record } = emptyRecord()
  const shape = (entry: object) => Object.fromEntries(Object.entries(entry).map(([name, value]) => [name, typeof value]))
  const { version, exchanges } = await control.journal()
  t.equal(version, 1)
  t.strictSame(
    exchanges.map(({ by }) => by),
    ['hallpass', 'service'],
  )
  for (const entry of exchanges) {
    t.strictSame(shape(entry), shape({ ...record, time: '' }))
    t.match(entry.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  }
})
