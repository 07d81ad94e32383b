// Every flow with every credential over real sockets: a token for each service, and still one after a restart.
import t from 'tap'
import type { ClientCredential } from '../../src/identity/client-application.ts'
import type { ApplicationRegistration } from '../../src/sandbox/identity/registration.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import type { Profile } from '../../src/terms/profile.ts'
import { claimsOf, type Rig, type RigOptions, startRig } from '../harness/identity.ts'
import { makeCertificate } from '../sandbox/identity-certificate.ts'

const appId = '44444444-aaaa-4bbb-8ccc-000000000010'
const certificate = makeCertificate()

const registration = (platform: 'web' | 'publicClient'): ApplicationRegistration => ({
  appId,
  displayName: 'any flow',
  redirectUris: { [platform]: ['http://localhost/-/callback'] },
  secrets: [{}],
  certificates: [certificate.certificate],
  dataRoles: ['FHIR Data Contributor', 'DICOM Data Owner'],
})

const credentials: Record<Profile['credential'], (sandbox: Sandbox) => ClientCredential | undefined> = {
  none: () => undefined,
  secret: ({ applications }) => ({ kind: 'secret', secret: applications.find(each => each.appId === appId)?.secrets[0]?.value ?? '' }),
  certificate: () => ({ kind: 'certificate', privateKey: certificate.privateKey, thumbprintSha256: certificate.thumbprintSha256 }),
}

/** A rig whose application proves itself so. */
function rigFor(t: Parameters<typeof startRig>[0], credential: Profile['credential'], more: RigOptions = {}): Promise<Rig> {
  return startRig(t, {
    sandbox: { applications: [registration(credential === 'none' ? 'publicClient' : 'web')] },
    credential: credentials[credential],
    ...more,
    profile: { clientId: appId, credential, ...more.profile },
  })
}

for (const credential of ['none', 'secret', 'certificate'] as const)
  for (const responseMode of ['query', 'form_post'] as const)
    t.test(`authorization code, credential ${credential}, answered by ${responseMode}`, async t => {
      const rig = await rigFor(t, credential, { profile: { responseMode } })
      t.match(claimsOf(await rig.signIn(rig.fhir, { username: 'ben@sandbox.example' })), {
        aud: rig.fhir.audience,
        appid: appId,
        name: 'Ben Sample',
        appidacr: { none: '0', secret: '1', certificate: '2' }[credential],
      })
      const later = rig.restarted()
      t.match(await later.account(), { username: 'ben@sandbox.example' })
      t.match(claimsOf(await later.silently(rig.dicom)), { aud: rig.dicom.audience, scp: 'Dicom.ReadWrite' })
      t.match(claimsOf(await later.silently(rig.fhir)), { aud: rig.fhir.audience })
      t.strictSame(rig.grants, ['authorization_code', 'refresh_token'], 'one refresh token serves both; what is cached costs nothing')
      await later.silently(rig.fhir, { renew: true })
      t.equal(rig.grants.length, 3)
      await later.forget()
      t.equal(await rig.restarted().silently(rig.fhir), undefined, 'nobody is signed in after signing out')
    })

for (const credential of ['secret', 'certificate'] as const)
  t.test(`client credentials, credential ${credential}`, async t => {
    const rig = await rigFor(t, credential, { profile: { flow: 'client-credentials' } })
    for (const wanted of [rig.fhir, rig.dicom]) {
      const claims = claimsOf(await rig.identity.silently(wanted))
      t.match(claims, { aud: wanted.audience, appid: appId, idtyp: 'app', appidacr: credential === 'secret' ? '1' : '2' })
    }
    await rig.identity.silently(rig.fhir)
    t.strictSame(rig.grants, ['client_credentials', 'client_credentials'])
    await t.rejects(rig.identity.begin(rig.fhir), { code: 'internal' }, 'nobody can sign in for it')
  })

t.test('claims of a challenge are asked for silently, and in a sign-in', async t => {
  const rig = await rigFor(t, 'none')
  const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c1' } } })
  t.notMatch(claimsOf(await rig.signIn(rig.fhir)), { acrs: ['c1'] })
  t.match(claimsOf(await rig.signIn(rig.fhir, { wish: { claims } })), { acrs: ['c1'], xms_cc: ['CP1'] })
  const asked = rig.grants.length
  t.match(claimsOf(await rig.identity.silently(rig.dicom, { claims })), { xms_cc: ['CP1'] })
  t.equal(rig.grants.length, asked + 1, 'a cached token does not answer a challenge')
})

t.test('what Entra ID demands when it ends a grant is asked for by the next sign-in', async t => {
  const rig = await rigFor(t, 'none')
  await rig.signIn(rig.fhir)
  rig.sandbox.faults.set('mfa')
  t.equal(await rig.identity.silently(rig.fhir, { renew: true }), undefined)
  t.match(rig.ends, [{ audience: rig.fhir.audience, what: /AADSTS50076: .*multi-factor/, fix: /Sign in again/ }])
  rig.sandbox.faults.set(undefined)
  const next = await rig.beginCode(rig.fhir)
  t.match(new URL(next.url).searchParams.get('claims'), /capolids/)
  await rig.signIn(rig.fhir)
  t.notMatch(new URL((await rig.beginCode(rig.fhir)).url).searchParams.get('claims'), /capolids/, 'and no longer afterwards')
})

t.test('an ended grant is not asked for again at once', async t => {
  const rig = await rigFor(t, 'none')
  await rig.signIn(rig.fhir)
  rig.sandbox.faults.set('sign-in-frequency')
  for (let count = 0; count < 5; count++) t.equal(await rig.identity.silently(rig.fhir, { renew: true }), undefined)
  t.equal(rig.grants.length, 2, 'Entra ID would take it for a loop')
  rig.sandbox.faults.set(undefined)
  rig.clock.advance(30_000)
  t.ok(await rig.identity.silently(rig.fhir, { renew: true }), 'but after a while: a policy may depend on the network')
})

t.test('one sign-in covers the audiences that routes use; a tenant that lacks one gets a sign-in for the first', async t => {
  const consenting = (url: string) => new URL(url).searchParams.get('scope')
  const rig = await rigFor(t, 'none')
  const both = await rig.beginCode(rig.fhir, { alsoConsent: rig.dicom.scopes })
  await both.check()
  t.match(consenting(both.url), new RegExp(`${rig.fhir.scopes[0]}.*${rig.dicom.scopes[0]}`))

  const strange = ['https://dicom.azurehealthcareapis.azure.com/Dicom.ReadWrite']
  const fresh = { ...rig, identity: rig.restarted() }
  const bearer = await rig.signIn(rig.fhir, { identity: fresh.identity, wish: { alsoConsent: strange } })
  t.match(claimsOf(bearer), { aud: rig.fhir.audience })
  const fallen = await rig.beginCode(rig.fhir, { alsoConsent: strange }, fresh.identity)
  t.match(consenting(fallen.url), /azurehealthcareapis\.azure\.com/, 'it is tried')
  await fallen.check()
  t.notMatch(consenting(fallen.url), /azurehealthcareapis\.azure\.com/, 'and left out, for the refusal is gone without it')
  await rig
    .beginCode(rig.fhir, { alsoConsent: rig.dicom.scopes }, fresh.identity)
    .then(({ url }) =>
      t.notMatch(consenting(url), /Dicom/, 'a sign-in for several that never came back is followed by one for the first alone'),
    )

  const wrong = await rig.beginCode({ audience: strange[0] ?? '', scopes: strange }, { alsoConsent: rig.dicom.scopes })
  await t.rejects(wrong.check(), { code: 'sign-in-refused', message: /AADSTS500011/ }, 'when the first itself is wrong, that is told')
})
