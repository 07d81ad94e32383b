// Our identity layer against an authorization server that we did not write.
import { createPublicKey, X509Certificate } from 'node:crypto'
import type { ClientMetadata } from 'oidc-provider'
import t, { type Test } from 'tap'
import { parseAuthorizationResponse } from '../../src/identity/callback.ts'
import type { ClientCredential } from '../../src/identity/client-application.ts'
import type { Identity, Wanted } from '../../src/identity/identity.ts'
import type { Profile } from '../../src/terms/profile.ts'
import { claimsOf, type Rig, startRig } from '../harness/identity.ts'
import { resources, type SecondAuthority, startSecondAuthority, tenantId, walk } from '../harness/second-authority.ts'
import { makeCertificate } from '../sandbox/identity-certificate.ts'

const clientId = '22222222-3333-4444-8555-666666666666'
const certificate = makeCertificate()
const secret = 'a value for this test, of no use elsewhere'
const redirect = { host: 'localhost', port: 3447, path: '/-/callback' } as const

const client: ClientMetadata = {
  client_id: clientId,
  application_type: 'native',
  redirect_uris: ['http://localhost:3447/-/callback'],
  response_types: ['code'],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code', 'client_credentials'],
}
const proofs: Record<Profile['credential'], { metadata: ClientMetadata; credential?: ClientCredential }> = {
  none: { metadata: { ...client, token_endpoint_auth_method: 'none', grant_types: client.grant_types?.slice(0, 3) ?? [] } },
  secret: {
    metadata: { ...client, client_secret: secret, token_endpoint_auth_method: 'client_secret_post' },
    credential: { kind: 'secret', secret },
  },
  certificate: {
    metadata: {
      ...client,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: {
        keys: [
          {
            ...(createPublicKey(new X509Certificate(certificate.certificate).publicKey.export({ type: 'spki', format: 'pem' })).export({
              format: 'jwk',
            }) as object),
            kty: 'RSA',
            use: 'sig',
          },
        ],
      },
    },
    credential: { kind: 'certificate', privateKey: certificate.privateKey, thumbprintSha256: certificate.thumbprintSha256 },
  },
}

const wanted = (name: keyof typeof resources, permission: string): Wanted => ({
  audience: resources[name],
  scopes: [`${resources[name]}/${permission}`],
})

async function prepare(
  t: Test,
  credential: Profile['credential'],
  flow: Profile['flow'],
): Promise<{ rig: Rig; authority: SecondAuthority; identity: Identity }> {
  const proof = proofs[credential]
  const authority = await startSecondAuthority(t, [proof.metadata])
  const profile = { tenantId, clientId, credential, flow, redirectUri: redirect, sandbox: authority.url }
  const rig = await startRig(t, { profile, credential: () => proof.credential })
  return { rig, authority, identity: rig.identity }
}

for (const credential of ['none', 'secret'] as const)
  t.test(`authorization code with PKCE, credential ${credential}: tokens for two resources from one sign-in`, async t => {
    const { rig, authority, identity } = await prepare(t, credential, 'authorization-code')
    const authorization = await rig.beginCode(wanted('fhir', 'user_impersonation'))
    await authorization.check()
    const callback = await walk(authorization.url, url => url.startsWith('http://localhost:3447/'))
    const answer = parseAuthorizationResponse(new URL(callback).searchParams)
    if (!answer) throw new Error(`it came back with ${callback}`)
    t.match(claimsOf(await authorization.redeem(answer)), { aud: resources.fhir, client_id: clientId, sub: 'ada' })
    t.match(await identity.account(), { username: 'ada@second.example', tenantId })
    t.match(claimsOf(await rig.restarted().silently(wanted('dicom', 'Dicom.ReadWrite'))), { aud: resources.dicom })
    t.match(claimsOf(await identity.silently(wanted('fhir', 'user_impersonation'), { renew: true })), { aud: resources.fhir })
    t.strictSame(authority.grants, ['authorization_code', 'refresh_token', 'refresh_token'])
  })

t.test('device code: the person enters it there, and is signed in here', async t => {
  const { rig, authority, identity } = await prepare(t, 'none', 'device-code')
  const device = await identity.begin(wanted('fhir', 'user_impersonation'))
  if (device.kind !== 'device') throw new Error('it is no device authorization')
  await rig.timer(5_000)
  rig.clock.advance(5_000)
  await rig.timer(5_000)
  t.match(await walk(device.verificationUri, () => false, { user_code: device.userCode, confirm: 'yes' }), /Sign-in Success/)
  rig.clock.advance(5_000)
  t.match(claimsOf(await device.outcome), { aud: resources.fhir, sub: 'ada' })
  t.match(claimsOf(await rig.restarted().silently(wanted('dicom', 'Dicom.ReadWrite'))), { aud: resources.dicom })
  t.strictSame(authority.grants, ['device_code', 'device_code', 'refresh_token'])
})

for (const credential of ['secret', 'certificate'] as const)
  t.test(`client credentials, credential ${credential}`, async t => {
    const { identity } = await prepare(t, credential, 'client-credentials')
    t.match(claimsOf(await identity.silently(wanted('fhir', '.default'))), { aud: resources.fhir, client_id: clientId })
  })

t.test('its refusals decide by their OAuth error: a wrong secret is a fault, a wrong refresh token asks for a person', async t => {
  const { rig: job } = await prepare(t, 'secret', 'client-credentials')
  const mistaken = job.restarted({ credentials: () => ({ usable: [{ kind: 'secret', secret: 'another value' }] }) })
  await t.rejects(mistaken.silently(wanted('fhir', '.default')), { code: 'token-refused', message: /client authentication failed/ })

  const { rig, identity, authority } = await prepare(t, 'none', 'device-code')
  const device = await identity.begin(wanted('fhir', 'user_impersonation'))
  if (device.kind !== 'device') throw new Error('it is no device authorization')
  await walk(device.verificationUri, () => false, { user_code: device.userCode, confirm: 'yes' })
  await rig.timer(5_000)
  rig.clock.advance(5_000)
  await device.outcome
  const cache = JSON.parse(rig.entry.text ?? '') as { RefreshToken: Record<string, { secret: string }> }
  for (const token of Object.values(cache.RefreshToken)) token.secret = 'nothing that it ever gave out'
  rig.entry.text = JSON.stringify(cache)
  t.equal(await rig.restarted().silently(wanted('dicom', 'Dicom.ReadWrite')), undefined)
  t.match(rig.ends, [{ audience: resources.dicom, what: /./ }])
  t.strictSame(authority.grants, ['device_code', 'refresh_token'])
})
