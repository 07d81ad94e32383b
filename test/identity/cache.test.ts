// MSAL's token cache in the vault: whatever is found there, nobody is locked out, and nothing is lost without a trace.
import t from 'tap'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { type Seeded, seeded } from '../fixtures/seeded.ts'
import { claimsOf, startRig } from '../harness/identity.ts'

const rounds = process.env.HALLPASS_TEST_FULL ? 2000 : 150

t.test('17. Corrupt cache recovered at start: it is set aside, and a new sign-in works at once', async t => {
  const rig = await startRig(t)
  for (const corrupt of [
    'not json',
    '[]',
    'null',
    '{"Account":[]}',
    '{"Account":{"a":null}}',
    '{"AccessToken":{"a":{"secret":1}}}',
    '\u0001',
  ]) {
    rig.entry.text = corrupt
    const identity = rig.restarted()
    t.equal(await identity.account(), undefined, corrupt)
    t.equal(rig.entry.aside.at(-1), corrupt, 'it is kept for whoever wants to look')
    t.equal(await identity.silently(rig.fhir), undefined)
  }
  const identity = rig.restarted()
  t.match(claimsOf(await rig.signIn(rig.fhir, { identity })), { aud: rig.fhir.audience })
  t.ok(await rig.restarted().silently(rig.fhir))
})

t.test(`a damaged cache, ${rounds} times another: a token, nobody, or a refusal of Entra ID; never a failure of ours`, async t => {
  const rig = await startRig(t)
  await rig.signIn(rig.fhir)
  const { silently } = rig.restarted()
  await silently(rig.dicom)
  const whole = rig.entry.text ?? ''
  const random = seeded(Number(process.env.HALLPASS_TEST_SEED ?? 4))
  const outcomes = new Map<string, number>()
  for (let round = 0; round < rounds; round++) {
    rig.entry.text = damaged(whole, random)
    const identity = rig.restarted()
    const outcome = await identity
      .account()
      .then(() => identity.silently(rig.fhir))
      .then(bearer => (bearer ? 'token' : 'nobody'))
      .catch((error: unknown) => (error instanceof HallpassError && error.code !== 'internal' ? error.code : String(error)))
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  const allowed = ['token', 'nobody', 'token-refused']
  t.strictSame(
    [...outcomes.keys()].filter(outcome => !allowed.includes(outcome)),
    [],
    JSON.stringify([...outcomes]),
  )
  rig.entry.text = damaged(whole, random)
  t.ok(await rig.signIn(rig.fhir, { identity: rig.restarted() }), 'and a sign-in mends it')
})

const values = [null, 0, -1, true, '', 'x', '9'.repeat(400), [], {}, [null], { a: {} }]

/** The text cut, with a character changed, or with one value replaced by something else. */
function damaged(text: string, random: Seeded): string {
  const at = random.integer(text.length)
  const kind = random.integer(100)
  if (kind < 10) return text.slice(0, at)
  if (kind < 30) return `${text.slice(0, at)}${String.fromCharCode(32 + random.integer(95))}${text.slice(at + 1)}`
  const places: [object: Record<string, unknown>, key: string][] = []
  const visit = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      places.push([value as Record<string, unknown>, key])
      visit(inner)
    }
  }
  const cache: unknown = JSON.parse(text)
  visit(cache)
  const [object, key] = random.pick(places)
  if (kind < 50) delete object[key]
  else object[key] = random.pick(values)
  return JSON.stringify(cache)
}
