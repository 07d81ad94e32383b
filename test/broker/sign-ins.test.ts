// A sign-in at the end of its broker: what is still being begun opens nothing.
import t from 'tap'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { startBroker } from '../harness/brokered.ts'

const replaced = new HallpassError('config-replaced', {}, { fields: { 'Retry-After': '1' } })

for (const flow of ['authorization-code', 'device-code'])
  t.test(`a sign-in that is being begun when its broker closes opens no port and asks nothing more (${flow})`, async t => {
    const holds: string[] = []
    const holdRedirect = async (profile: string) => {
      holds.push(profile)
      return () => undefined
    }
    const { broker, sandbox, clock } = await startBroker(t, { profile: { flow }, holdRedirect })
    sandbox.observer.once('exchange', () => broker.close(replaced))
    await t.rejects(broker.signIn('dev', { open: 'never' }), replaced)
    t.strictSame(holds, [])
    t.strictSame(clock.waiting(), [], 'no timer is left')
  })

t.test('a closed broker begins no sign-in: no page would know it', async t => {
  const { broker, fhir } = await startBroker(t)
  broker.close(replaced)
  await t.rejects(broker.tokens.acquire(fhir, { asking: 'wait', signal: new AbortController().signal }), replaced)
  t.equal(broker.signIns.pendingOf('dev'), undefined)
})
