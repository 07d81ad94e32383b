// One token request for any number of callers, whatever the flow; and one sign-in for all that a profile's routes use.
import t, { type Test } from 'tap'
import { eventually, whileTimeGoesOn } from '../fixtures/clocks.ts'
import { type Brokered, type BrokeredOptions, startBroker } from '../harness/brokered.ts'
import { enterDeviceCode } from '../harness/sign-in-form.ts'

const job = '0f0f0f0f-1111-4222-8333-444444444444'
const hour = 3_600_000

const application = {
  displayName: 'batch job',
  appId: job,
  secrets: [{}],
  dataRoles: ['FHIR Data Contributor' as const, 'DICOM Data Owner' as const],
  redirectUris: { web: ['http://localhost/-/callback'] },
}

const secret: BrokeredOptions['secret'] = ({ applications }) => applications.find(({ appId }) => appId === job)?.secrets[0]?.value ?? ''

/** Fifty callers for each route at the same time. */
async function acquireAll({ broker, fhir, dicom }: Brokered): Promise<number> {
  const signal = () => new AbortController().signal
  const bearers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => broker.tokens.acquire(index % 2 ? fhir : dicom, { asking: 'link', signal: signal() })),
  )
  return new Set(bearers.map(bearer => bearer.reveal())).size
}

async function expires(t: Test, brokered: Brokered, grant: string): Promise<void> {
  brokered.clock.sleep(2 * hour)
  const before = brokered.grants(grant)
  t.equal(await acquireAll(brokered), 2, 'two audiences, two tokens')
  t.equal(brokered.grants(grant) - before, 2, 'and one token request for each')
}

t.test('Five parallel proxied requests on a cold cache = exactly one token request: client credentials', async t => {
  const brokered = await startBroker(t, {
    sandbox: { applications: [application] },
    profile: { clientId: job, flow: 'client-credentials', credential: 'secret' },
    secret,
  })
  t.equal(await acquireAll(brokered), 2)
  t.equal(brokered.grants('client_credentials'), 2, 'fifty callers for each of two audiences')
  await expires(t, brokered, 'client_credentials')
  t.equal(brokered.opened.length, 0)
})

t.test(
  'client credentials: the service down for a minute costs nothing while the token lives, which MSAL alone would not serve',
  async t => {
    const brokered = await startBroker(t, {
      sandbox: { applications: [application], accessTokenSeconds: 3600 },
      profile: { clientId: job, flow: 'client-credentials', credential: 'secret' },
      secret,
    })
    await acquireAll(brokered)
    brokered.sandbox.faults.set('unavailable')
    brokered.clock.advance(55 * 60_000)
    t.equal(await acquireAll(brokered), 2)
    await eventually(() => brokered.broker.tokenState(brokered.fhir).failure?.code === 'entra-unreachable')
  },
)

t.test('authorization code: one refresh for each audience', async t => {
  const brokered = await startBroker(t)
  await brokered.signIn()
  t.equal(await acquireAll(brokered), 2)
  t.equal(brokered.grants('refresh_token'), 1, 'the sign-in brought one token, its refresh token the other')
  await expires(t, brokered, 'refresh_token')
})

t.test('authorization code, confidential client: the same', async t => {
  const brokered = await startBroker(t, {
    sandbox: { applications: [application] },
    profile: { clientId: job, credential: 'secret' },
    secret,
  })
  await brokered.signIn()
  t.equal(await acquireAll(brokered), 2)
  t.equal(brokered.grants('authorization_code'), 1)
  await expires(t, brokered, 'refresh_token')
})

t.test('device code: the same, and one code for all who wait', async t => {
  const brokered = await startBroker(t, { profile: { flow: 'device-code' } })
  const { broker, clock, fhir, dicom } = brokered
  const waiting = Array.from({ length: 10 }, (_, index) =>
    broker.tokens.acquire(index % 2 ? fhir : dicom, { asking: 'wait', signal: new AbortController().signal }),
  )
  while (brokered.opened.length === 0) await new Promise(setImmediate)
  const { verificationUri = '', userCode = '' } = broker.signIns.pendingOf('dev')?.device ?? {}
  await enterDeviceCode(verificationUri, userCode)
  const bearers = await whileTimeGoesOn(clock, Promise.all(waiting))
  t.equal(new Set(bearers).size, 2)
  t.equal(brokered.opened.length, 1)
  await expires(t, brokered, 'refresh_token')
})

t.test('one sign-in asks consent for all that the profile’s routes use', async t => {
  const { broker, sandbox } = await startBroker(t)
  const { authorizationUrl = '' } = await broker.signIn('dev', { open: 'never' })
  const scopes = new URL(authorizationUrl).searchParams.get('scope')?.split(' ') ?? []
  for (const scope of [`${sandbox.fhir.audience}/user_impersonation`, `${sandbox.dicom.audience}/Dicom.ReadWrite`])
    t.ok(scopes.includes(scope), scope)
})

t.test('`hallpass login --choose` lets the person choose the account', async t => {
  const { broker } = await startBroker(t, { profile: { prompt: 'login' } })
  const { authorizationUrl = '' } = await broker.signIn('dev', { open: 'never', choose: true })
  t.equal(new URL(authorizationUrl).searchParams.get('prompt'), 'select_account')
})

t.test('nobody signs in for an application: what keeps it from its token is told instead', async t => {
  const { broker } = await startBroker(t, {
    sandbox: { applications: [application] },
    profile: { clientId: job, flow: 'client-credentials', credential: 'secret' },
    secret: () => 'wrong~secret~of~the~right~shape~~~~~~~~~',
  })
  await t.rejects(broker.signIn('dev', { open: 'never' }), { code: 'token-refused', message: /AADSTS7000215/ })
})

t.test('an answer that is delivered twice at the same time is redeemed once', async t => {
  const { broker, grants } = await startBroker(t)
  const { authorizationUrl = '', outcome } = await broker.signIn('dev', { open: 'never' })
  const ended = t.rejects(outcome, { code: 'token-refused' })
  const answer = { state: new URL(authorizationUrl).searchParams.get('state') ?? '', code: 'c', clientInfo: undefined }
  const ends = await Promise.all([answer, answer, answer].map(delivered => broker.signIns.complete(delivered)))
  await ended
  t.equal(new Set(ends).size, 1, 'each goes where the first went')
  t.equal(grants('authorization_code'), 1)
})
