// A sign-in at the end of its broker: what is still being begun opens nothing, and who has just signed in stays so.
import t from 'tap'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { eventually } from '../fixtures/clocks.ts'
import { startBroker } from '../harness/brokered.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

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

t.test('a token that is being written to the vault when the broker closes is kept for the next', async t => {
  const writes: (() => void)[] = []
  const { broker, cached } = await startBroker(t, { flush: () => new Promise(done => writes.push(done)) })
  const { authorizationUrl = '', outcome } = await broker.signIn('dev', { open: 'never' })
  const landing = signInByForm(authorizationUrl)
  await eventually(() => writes.length > 0)
  broker.close(replaced)
  for (const done of writes) done()
  await t.rejects(outcome, replaced)
  await landing
  t.ok(cached())
})
