// The pinned MSAL Node against the sandbox's identity provider: what it accepts here is what it accepts from Entra ID.
import { type AccountInfo, type AuthenticationResult, PublicClientApplication } from '@azure/msal-node'
import { test } from 'tap'
import { clientId, dicomAudience, fhirAudience, tenantId } from '../../src/sandbox/tenant.ts'
import {
  challenge,
  claimsOf,
  dicomScope,
  fhirScope,
  type Identity,
  redirectUri,
  signIn,
  startIdentity,
  verifier,
} from './identity-client.ts'

/** MSAL with the sandbox in place of an authority: through fixed metadata, for it wants https of the authority itself. */
async function msalFor({ url, base }: Identity, authority: string): Promise<PublicClientApplication> {
  const discovered = await (await fetch(`${base}/v2.0/.well-known/openid-configuration`)).text()
  return new PublicClientApplication({
    auth: { clientId, authority: `${authority}/${tenantId}`, knownAuthorities: [new URL(url).host], authorityMetadata: discovered },
  })
}

async function signInThrough(msal: PublicClientApplication, scope: string): Promise<AuthenticationResult & { account: AccountInfo }> {
  const request = { scopes: [scope], redirectUri, state: 'a state', nonce: 'a nonce' }
  const url = await msal.getAuthCodeUrl({ ...request, codeChallenge: challenge, codeChallengeMethod: 'S256' })
  const answer = await signIn(url)
  const code = answer.get('code') ?? ''
  const response = { code, state: answer.get('state') ?? '', nonce: 'a nonce', client_info: answer.get('client_info') ?? '' }
  const { account, ...result } = await msal.acquireTokenByCode({ ...request, code, codeVerifier: verifier }, response)
  if (!account) throw new Error('MSAL made no account')
  return { ...result, account }
}

for (const [name, authorityOf] of [
  ['a Microsoft authority', () => 'https://login.microsoftonline.com'],
  ['the sandbox’s own host', (identity: Identity) => identity.url.replace('http:', 'https:')],
] as const)
  test(`MSAL signs in by code and gets DICOM's token from FHIR's sign-in, with ${name}`, async t => {
    const identity = await startIdentity()
    t.teardown(identity.close)
    const msal = await msalFor(identity, authorityOf(identity))
    const { account, accessToken, scopes } = await signInThrough(msal, fhirScope)
    t.match(account, { username: 'ada@sandbox.example', tenantId, name: 'Ada Example' })
    t.same(scopes, [fhirScope])
    t.equal(claimsOf(accessToken).aud, fhirAudience)

    const again = await msal.acquireTokenSilent({ account, scopes: [fhirScope] })
    t.ok(again.fromCache)
    t.same(identity.grantTypes, ['authorization_code'])

    const dicom = await msal.acquireTokenSilent({ account, scopes: [dicomScope] })
    t.match(claimsOf(dicom.accessToken), { aud: dicomAudience, scp: 'Dicom.ReadWrite' })
    t.same(identity.grantTypes, ['authorization_code', 'refresh_token'])

    const forced = await msal.acquireTokenSilent({ account, scopes: [fhirScope], forceRefresh: true })
    t.not(forced.accessToken, accessToken)
    t.equal(claimsOf(forced.accessToken).aud, fhirAudience)
  })

test('MSAL finds a .default token in its cache again', async t => {
  const identity = await startIdentity()
  t.teardown(identity.close)
  const msal = await msalFor(identity, 'https://login.microsoftonline.com')
  const { account } = await signInThrough(msal, `${dicomAudience}/.default`)
  const again = await msal.acquireTokenSilent({ account, scopes: [`${dicomAudience}/.default`] })
  t.ok(again.fromCache)
})

test('MSAL takes an expired refresh token for a need to sign in, and reports other refusals', async t => {
  const identity = await startIdentity()
  t.teardown(identity.close)
  const msal = await msalFor(identity, 'https://login.microsoftonline.com')
  const { account } = await signInThrough(msal, fhirScope)
  const unknown = await msal.acquireTokenSilent({ account, scopes: ['https://nobody.example/.default'] }).catch(error => error)
  t.match(unknown, { errorCode: 'invalid_resource', errorNo: 500011 })
  identity.time.ahead = 86_400_000 + 1_000
  const expired = await msal.acquireTokenSilent({ account, scopes: [dicomScope] }).catch(error => error)
  t.match(expired, { name: 'InteractionRequiredAuthError', subError: 'bad_token' })
})
