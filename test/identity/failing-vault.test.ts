// MSAL over a vault whose store fails: no sign-in is lost, nothing is thrown into MSAL, and all is written once it can be.
import t from 'tap'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { memoryStore } from '../../src/vault/memory.ts'
import { openDocument } from '../../src/vault/vault-document.ts'
import { manualClock } from '../fixtures/clocks.ts'
import { startRig } from '../harness/identity.ts'

for (const [name, failure] of Object.entries({
  'locks during the day': () => new HallpassError('vault-locked'),
  'is frozen': () => new HallpassError('vault-timeout', { seconds: 2 }),
  'goes away': () => new HallpassError('vault-restarted'),
  'fails as nobody foresaw': () => new TypeError('not one of ours'),
}))
  t.test(`a vault that ${name} loses no sign-in`, async t => {
    const kept = memoryStore()
    let broken = true
    const refuse = async () => Promise.reject(failure())
    const store = {
      ...kept,
      write: (text: string) => (broken ? refuse() : kept.write(text)),
      remove: () => (broken ? refuse() : kept.remove()),
    }
    const clock = manualClock()
    const troubles: HallpassError[] = []
    const document = await openDocument(store, { clock, written: false, onTrouble: error => troubles.push(error) })
    const cache = {
      get: () => document.get('msal'),
      set: (text: string | undefined) => document.set('msal', text),
      setAside: (text: string) => document.set('msal:unreadable', text),
    }
    const rig = await startRig(t)
    const identity = rig.restarted({ cache })

    const bearer = await rig.signIn(rig.fhir, { identity })
    t.ok(bearer.reveal(), 'the sign-in succeeds')
    await t.rejects(document.flush(), { name: 'HallpassError' })
    t.equal(troubles.length, 1, 'and the trouble is told once')
    t.equal(await kept.read(), null, 'nothing rests in the store')
    t.equal((await identity.silently(rig.fhir))?.reveal(), bearer.reveal())
    t.ok(await identity.silently(rig.dicom), 'another token comes without a person')
    t.equal(
      (await rig.restarted().account())?.username,
      (await rig.identity.account())?.username,
      'a new configuration finds who is signed in',
    )

    broken = false
    clock.advance(60_000)
    await document.flush()
    t.match(await kept.read(), /RefreshToken/, 'it rests in the store as soon as that works')
    t.equal(document.trouble(), undefined)
  })
