// `hallpass logout` takes effect at once, whatever is under way.
import { request } from 'node:http'
import t from 'tap'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { eventually } from '../fixtures/clocks.ts'
import { startBroker } from '../harness/brokered.ts'
import { startBoth } from '../harness/composed.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

const code = (response: Response) => response.headers.get('hallpass-error')

t.test('logout takes effect within a second: waiting requests end, what goes on is cut, the next request needs a sign-in', async t => {
  const both = await startBoth(t, { sandbox: { slowMilliseconds: 600_000 } })
  const first = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  await signInByForm(await both.opening())
  t.equal((await first).status, 200)

  const upload = await openUpload(`${both.daemon.url}/fhir/Patient`)
  both.sandbox.faults.set('slow', { times: 1 })
  const waiting = fetch(`${both.daemon.url}/dicom/studies`)
  await eventually(() => both.sandbox.faults.current() === undefined)
  const began = performance.now()
  t.strictSame(await both.control.logout({}), { profiles: ['dev'] })
  t.equal(code(await waiting), 'signed-out')
  t.equal(await upload.end, 'cut')
  upload.leave()
  const took = performance.now() - began
  t.ok(took < 1_000, `${Math.round(took)} ms`)
  const after = await fetch(`${both.daemon.url}/fhir/Patient`, { headers: { 'Hallpass-Interactive': 'never' } })
  t.equal(code(after), 'sign-in-required')
  t.match(await both.control.status(), { profiles: [{ signedIn: false }], routes: [{ tokenExpiresAt: null }, { tokenExpiresAt: null }] })
})

t.test('a renewal that ends after the logout brings nothing back, neither in memory nor in the vault', async t => {
  const { broker, fhir, sandbox, signIn, clock, cached, grants } = await startBroker(t, { sandbox: { slowMilliseconds: 300 } })
  await signIn()
  t.ok(cached())
  clock.sleep(2 * 3_600_000)
  sandbox.faults.set('slow', { times: 1 })
  const asked = broker.tokens.acquire(fhir, { asking: 'link', signal: new AbortController().signal })
  const answered = new Promise(done => sandbox.observer.once('exchange', done))
  await eventually(() => sandbox.faults.current() === undefined)
  const signedOut: string[] = []
  broker.onSignedOut(profile => signedOut.push(profile))
  await Promise.all([t.rejects(asked, { code: 'signed-out' }), broker.signOut('dev')])
  t.strictSame(signedOut, ['dev'])
  t.equal(cached(), undefined)
  await answered
  t.equal(grants('refresh_token'), 1, 'the server did give a token')
  // MSAL takes the answer in the turns after it; a second exchange comes later than that.
  await t.rejects(broker.tokens.acquire(fhir, { asking: 'link', signal: new AbortController().signal }), { code: 'sign-in-required' })
  t.equal(cached(), undefined)
  t.equal(broker.tokens.peek(fhir), undefined)
})

t.test('a sign-out takes effect whatever those run into who hear of it, and says so', async t => {
  const { broker, fhir, signIn, cached } = await startBroker(t)
  await signIn()
  const heard: string[] = []
  broker.onSignedOut(() => {
    throw new HallpassError('state-folder-unsafe', { path: '/x', why: 'it cannot be written: ENOSPC' })
  })
  broker.onSignedOut(profile => heard.push(profile))
  await t.rejects(broker.signOut('dev'), { code: 'state-folder-unsafe' })
  t.strictSame(heard, ['dev'])
  t.equal(cached(), undefined)
  t.equal(broker.tokens.peek(fhir), undefined)
})

t.test('a sign-in whose code is being redeemed at the logout signs nobody in', async t => {
  const { broker, sandbox, cached } = await startBroker(t, { sandbox: { slowMilliseconds: 300 } })
  const { authorizationUrl = '', outcome } = await broker.signIn('dev', { open: 'never' })
  const ended = t.rejects(outcome, { code: 'signed-out' })
  sandbox.faults.set('slow', { times: 1 })
  const landing = signInByForm(authorizationUrl)
  await eventually(() => sandbox.faults.current() === undefined)
  await broker.signOut('dev')
  await ended
  await landing
  t.equal(cached(), undefined)
  t.equal(await broker.signedIn('dev'), undefined)
})

t.test('a sign-in that is still being begun at the logout opens no browser', async t => {
  const { broker, fhir, opened } = await startBroker(t)
  const asked = broker.tokens.acquire(fhir, { asking: 'wait', signal: new AbortController().signal })
  const ended = t.rejects(asked, { code: 'signed-out' })
  await eventually(() => broker.tokens.waiting() === 1)
  t.equal(broker.signIns.pendingOf('dev'), undefined)
  await broker.signOut('dev')
  await ended
  t.strictSame(opened, [])
})

/** A request whose body goes on for ever: under way as long as nobody cuts it. */
function openUpload(url: string): Promise<{ end: Promise<string>; leave(): void }> {
  return new Promise((resolve, reject) => {
    const upload = request(url, { method: 'POST', headers: { 'Content-Type': 'application/fhir+json', Expect: '100-continue' } })
    const end = new Promise<string>(done => {
      upload.once('response', response =>
        done(response.headers['hallpass-error'] === 'signed-out' ? 'cut' : `status ${response.statusCode}`),
      )
      upload.once('error', () => done('cut'))
    })
    upload.once('continue', () => {
      upload.write('{"resourceType":')
      resolve({ end, leave: () => upload.destroy() })
    })
    upload.once('error', reject)
    upload.flushHeaders()
  })
}
