// The pinned MSAL Node against the sandbox's identity provider: what it accepts here is what it accepts from Entra ID.
import { randomUUID } from 'node:crypto'
import { type AccountInfo, type AuthenticationResult, ConfidentialClientApplication, PublicClientApplication } from '@azure/msal-node'
import { type Test, test } from 'tap'
import { clientId, confidentialClientId, dicomAudience, fhirAudience, tenantId } from '../../src/sandbox/tenant.ts'
import { makeCertificate } from './identity-certificate.ts'
import {
  challenge,
  claimsOf,
  dicomScope,
  fhirScope,
  type Identity,
  openSignIn,
  redirected,
  redirectUri,
  signIn,
  startIdentity,
  submit,
  verifier,
} from './identity-client.ts'

/** MSAL with the sandbox in place of an authority: through fixed metadata, for it wants https of the authority itself. */
async function msalFor({ url, base }: Identity, authority: string, appId = clientId): Promise<PublicClientApplication> {
  const discovered = await (await fetch(`${base}/v2.0/.well-known/openid-configuration`)).text()
  return new PublicClientApplication({
    auth: { clientId: appId, authority: `${authority}/${tenantId}`, knownAuthorities: [new URL(url).host], authorityMetadata: discovered },
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

type Credential =
  | { clientSecret: string }
  | { clientCertificate: { thumbprintSha256?: string; thumbprint?: string; privateKey: string; x5c?: string } }

const microsoft = 'https://login.microsoftonline.com'
const both = '44444444-aaaa-4bbb-8ccc-000000000001'
const certificate = makeCertificate()

/** An application with a secret, a certificate and a web redirect URI, and what MSAL is told of each of its credentials. */
async function startConfidential(t: Test) {
  const clientSecret = randomUUID()
  const redirectUris = { web: ['http://localhost/-/callback'] }
  const credentials = { secrets: [{ value: clientSecret }], certificates: [certificate.certificate] }
  const permissions = [
    { resource: fhirAudience, scopes: ['user_impersonation'], roles: ['system.all.all'] },
    { resource: dicomAudience, scopes: ['Dicom.ReadWrite'] },
  ]
  const identity = await startIdentity({ applications: [{ appId: both, displayName: 'Both', redirectUris, permissions, ...credentials }] })
  t.teardown(identity.close)
  const { thumbprint, thumbprintSha256, privateKey, certificate: x5c } = certificate
  const known: [string, Credential, '1' | '2'][] = [
    ['a secret', { clientSecret }, '1'],
    ['thumbprintSha256 (PS256)', { clientCertificate: { thumbprintSha256, privateKey } }, '2'],
    ['thumbprint (RS256)', { clientCertificate: { thumbprint, privateKey } }, '2'],
    ['thumbprintSha256 and x5c', { clientCertificate: { thumbprintSha256, privateKey, x5c } }, '2'],
  ]
  return { identity, known }
}

async function confidential({ url, base }: Identity, credential: Credential, appId = both): Promise<ConfidentialClientApplication> {
  const discovered = await (await fetch(`${base}/v2.0/.well-known/openid-configuration`)).text()
  return new ConfidentialClientApplication({
    auth: {
      clientId: appId,
      authority: `${microsoft}/${tenantId}`,
      knownAuthorities: [new URL(url).host],
      authorityMetadata: discovered,
      ...credential,
    },
  })
}

test('MSAL gets an application its own token by secret and by certificate, and keeps it', async t => {
  const { identity, known } = await startConfidential(t)
  for (const [name, credential, appidacr] of known) {
    const msal = await confidential(identity, credential)
    const before = identity.grantTypes.length
    const fhir = await msal.acquireTokenByClientCredential({ scopes: [`${fhirAudience}/.default`] })
    t.match(claimsOf(fhir?.accessToken), { aud: fhirAudience, appid: both, appidacr, roles: ['system.all.all'], idtyp: 'app' }, name)
    const again = await msal.acquireTokenByClientCredential({ scopes: [`${fhirAudience}/.default`] })
    t.ok(again?.fromCache)
    const dicom = await msal.acquireTokenByClientCredential({ scopes: [`${dicomAudience}/.default`] })
    t.equal(claimsOf(dicom?.accessToken).aud, dicomAudience, 'the same assertion serves twice')
    t.equal(identity.grantTypes.length - before, 2)
  }
})

test('MSAL signs a person in through a confidential client, and refreshes', async t => {
  const { identity, known } = await startConfidential(t)
  for (const [name, credential, appidacr] of known) {
    const msal = await confidential(identity, credential)
    const request = { scopes: [fhirScope], redirectUri, state: 'a state' }
    const answer = await signIn(await msal.getAuthCodeUrl(request))
    const result = await msal.acquireTokenByCode({ ...request, code: answer.get('code') ?? '' })
    t.match(claimsOf(result.accessToken), { aud: fhirAudience, appidacr, name: 'Ada Example' }, name)
    if (!result.account) throw new Error('MSAL made no account')
    const dicom = await msal.acquireTokenSilent({ account: result.account, scopes: [dicomScope] })
    t.match(claimsOf(dicom.accessToken), { aud: dicomAudience, scp: 'Dicom.ReadWrite', appidacr })
  }
})

test('MSAL reports what is wrong with a credential by its code', async t => {
  const { identity } = await startConfidential(t)
  const { secrets = [] } = identity.applications.find(({ appId }) => appId === confidentialClientId) ?? {}
  const { thumbprintSha256, privateKey } = makeCertificate()
  const cases: [Credential, string, number][] = [
    [{ clientSecret: 'wrong' }, both, 7000215],
    [{ clientSecret: secrets[0]?.id ?? '' }, confidentialClientId, 7000215],
    [{ clientCertificate: { thumbprintSha256, privateKey } }, both, 700027],
    [{ clientCertificate: { thumbprintSha256: certificate.thumbprintSha256, privateKey } }, both, 700027],
  ]
  for (const [credential, appId, code] of cases) {
    const msal = await confidential(identity, credential, appId)
    const failure = await msal.acquireTokenByClientCredential({ scopes: [`${fhirAudience}/.default`] }).catch(error => error)
    t.match(failure, { errorCode: 'invalid_client', errorNo: code })
  }
})

test('MSAL signs a device in', async t => {
  const identity = await startIdentity({ devicePollSeconds: 1 })
  t.teardown(identity.close)
  const msal = await msalFor(identity, microsoft)
  const result = await msal.acquireTokenByDeviceCode({
    scopes: [fhirScope],
    deviceCodeCallback: ({ userCode, verificationUri }) =>
      void enterCode(verificationUri, userCode, 'sign-in').catch(error => t.fail(error)),
  })
  t.match(result?.account, { username: 'ben@sandbox.example', tenantId })
  t.match(claimsOf(result?.accessToken), { aud: fhirAudience, name: 'Ben Sample' })
  if (!result?.account) throw new Error('MSAL made no account')
  const dicom = await msal.acquireTokenSilent({ account: result.account, scopes: [dicomScope] })
  t.equal(claimsOf(dicom.accessToken).aud, dicomAudience)
  t.equal(identity.grantTypes[0], 'device_code', 'by the grant’s older name')

  const declined = msal.acquireTokenByDeviceCode({
    scopes: [fhirScope],
    deviceCodeCallback: ({ userCode, verificationUri }) =>
      void enterCode(verificationUri, userCode, 'cancel').catch(error => t.fail(error)),
  })
  t.match(await declined.catch(error => error), { errorCode: 'post_request_failed', errorMessage: /authorization_declined/ })
})

async function enterCode(verificationUri: string, userCode: string, choice: string): Promise<void> {
  const { action, ticket } = await openSignIn(verificationUri)
  const page = await (await submit(action, { ticket, user_code: userCode })).text()
  const [, login = ''] = /<form method="post" action="([^"]+)"/.exec(page) ?? []
  const [, next] = /name="ticket" value="([^"]+)"/.exec(page) ?? []
  await submit(new URL(login, verificationUri).href, { ticket: next, username: 'ben@sandbox.example', do: choice })
}

test('MSAL has several resources consented to at once, and gets each its token', async t => {
  const appId = '44444444-aaaa-4bbb-8ccc-000000000002'
  const redirectUris = { publicClient: ['http://localhost/-/callback'] }
  const identity = await startIdentity({
    applications: [{ appId, displayName: 'Asks', redirectUris, publicClientFlows: true, adminConsent: false }],
  })
  t.teardown(identity.close)
  const msal = await msalFor(identity, microsoft, appId)
  const request = { scopes: [fhirScope], extraScopesToConsent: [dicomScope], redirectUri }
  const { action, ticket } = await openSignIn(
    await msal.getAuthCodeUrl({ ...request, codeChallenge: challenge, codeChallengeMethod: 'S256' }),
  )
  const consent = await (await submit(action, { ticket, username: 'ada@sandbox.example', do: 'sign-in' })).text()
  t.match(consent, /user_impersonation.*Dicom\.ReadWrite/s)
  const [, next] = /name="ticket" value="([^"]+)"/.exec(consent) ?? []
  const answer = redirected(await submit(`${identity.base}/consent`, { ticket: next, do: 'accept' }))
  const code = answer.get('code') ?? ''
  const { account } = await msal.acquireTokenByCode({ scopes: [fhirScope], redirectUri, code, codeVerifier: verifier })
  if (!account) throw new Error('MSAL made no account')
  const dicom = await msal.acquireTokenSilent({ account, scopes: [dicomScope] })
  t.equal(claimsOf(dicom.accessToken).aud, dicomAudience)
})

test('MSAL takes the faults of refreshing for what they are', async t => {
  const identity = await startIdentity()
  t.teardown(identity.close)
  for (const [fault, name, subError] of [
    ['mfa', 'InteractionRequiredAuthError', 'basic_action'],
    ['conditional-access', 'InteractionRequiredAuthError', 'message_only'],
    ['refresh-token-revoked', 'InteractionRequiredAuthError', 'bad_token'],
    ['refresh-token-expired', 'InteractionRequiredAuthError', 'bad_token'],
    ['sign-in-frequency', 'ServerError', 'token_expired'],
  ] as const) {
    const msal = await msalFor(identity, microsoft)
    const { account } = await signInThrough(msal, fhirScope)
    identity.faults.set(fault)
    const failure = await msal.acquireTokenSilent({ account, scopes: [dicomScope] }).catch(error => error)
    t.match(failure, { name, subError }, fault)
    if (fault === 'mfa') t.match(failure.claims, /capolids/)
    identity.faults.set(undefined)
  }
})
