// Confidential clients, platforms and single-page applications at the sandbox's token endpoint, over real sockets.
import { createPrivateKey, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { test } from 'tap'
import { clientId, confidentialClientId, dicomAudience, fhirAudience, tenantId } from '../../src/sandbox/tenant.ts'
import { makeCertificate } from './identity-certificate.ts'
import {
  authorizeUrl,
  claimsOf,
  dicomScope,
  type Fields,
  fhirScope,
  post,
  redeem,
  refresh,
  signIn,
  startIdentity,
  verifier,
} from './identity-client.ts'

const day = 24 * 3_600_000
const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const everything = '11111111-aaaa-4bbb-8ccc-000000000001'
const spa = '11111111-aaaa-4bbb-8ccc-000000000002'
const bare = '11111111-aaaa-4bbb-8ccc-000000000003'
const flows = '11111111-aaaa-4bbb-8ccc-000000000004'
const common = '11111111-aaaa-4bbb-8ccc-000000000005'
const api = '11111111-aaaa-4bbb-8ccc-000000000006'

const good = makeCertificate()
const brief = makeCertificate({ days: 1 })
const elliptic = makeCertificate({ algorithm: ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'] })
const stranger = makeCertificate()
const [secret, oldSecret, futureSecret, secretId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]

const identity = await startIdentity({
  resources: [{ displayName: 'Own API', appId: api, identifiers: ['api://own'], scopes: ['Read', 'Write'], roles: ['Robot'] }],
  applications: [
    {
      appId: everything,
      displayName: 'Everything at once',
      redirectUris: {
        web: ['http://localhost/web', 'http://localhost:5000/twice'],
        publicClient: ['http://localhost/desktop', 'http://localhost:6000/twice'],
      },
      publicClientFlows: true,
      secrets: [
        { value: secret, id: secretId },
        { value: oldSecret, start: Date.now() - 200 * day, end: Date.now() - day },
        { value: futureSecret, start: Date.now() + day },
      ],
      certificates: [good.certificate, brief.certificate, elliptic.certificate],
      permissions: [
        { resource: fhirAudience, scopes: ['user_impersonation'], roles: ['system.all.read'] },
        { resource: 'api://own', scopes: ['Read'], roles: ['Robot'] },
      ],
    },
    { appId: spa, displayName: 'Page', redirectUris: { spa: ['https://page.example/back'] } },
    { appId: bare, displayName: 'Bare' },
    { appId: flows, displayName: 'Only flows', publicClientFlows: true },
    {
      appId: common,
      displayName: 'For all',
      multiTenant: true,
      secrets: [{ value: secret }],
      redirectUris: { publicClient: ['http://localhost/back'] },
    },
  ],
})

const webRedirect = 'http://localhost:7000/web'
const asApplication = (fields: Fields = {}, headers: Record<string, string> = {}, tenant = tenantId) =>
  post(
    `${identity.url}/${tenant}`,
    { grant_type: 'client_credentials', client_id: everything, scope: `${fhirAudience}/.default`, ...fields },
    headers,
  )

type Assertion = {
  alg?: string
  header?: Record<string, string>
  claims?: Record<string, unknown>
  key?: string
  ttl?: number
  from?: number
}

async function assertion({ alg = 'PS256', header, claims = {}, key = good.privateKey, ttl = 600, from = 0 }: Assertion = {}) {
  const now = Math.floor(Date.now() / 1000) + from
  const all = {
    iss: everything,
    sub: everything,
    aud: `${identity.base}/oauth2/v2.0/token`,
    jti: 'one',
    nbf: now,
    exp: now + ttl,
    ...claims,
  }
  return new SignJWT(all).setProtectedHeader({ alg, ...(header ?? x5tS256(good.thumbprintSha256)) }).sign(createPrivateKey(key))
}

const base64url = (hex: string) => Buffer.from(hex, 'hex').toString('base64url')
const x5tS256 = (hex: string) => ({ 'x5t#S256': base64url(hex) })
const x5t = (hex: string) => ({ x5t: base64url(hex) })
const withAssertion = async (options?: Assertion): Promise<Fields> => ({
  client_assertion: await assertion(options),
  client_assertion_type: jwtBearer,
})

test('an application gets a token of its own: its roles, its service principal, no person, nothing to refresh', async t => {
  const { status, body } = await asApplication({ client_secret: secret })
  t.equal(status, 200)
  const { access_token, ...rest } = body
  t.strictSame(rest, { token_type: 'Bearer', expires_in: 3600, ext_expires_in: 3600 })
  const { objectId } = identity.applications.find(({ appId }) => appId === everything) ?? {}
  const { iat, nbf, exp, uti, ...claims } = claimsOf(access_token)
  t.ok(iat && nbf && exp && uti)
  t.strictSame(claims, {
    aud: fhirAudience,
    iss: `https://sts.windows.net/${tenantId}/`,
    appid: everything,
    appidacr: '1',
    idp: `https://sts.windows.net/${tenantId}/`,
    idtyp: 'app',
    oid: objectId,
    roles: ['system.all.read'],
    sub: objectId,
    tid: tenantId,
    ver: '1.0',
  })
  const dicom = await asApplication({ client_secret: secret, scope: `${dicomAudience}/.default` })
  t.notOk('roles' in claimsOf(dicom.body.access_token), 'DICOM has no app role, and a token is issued all the same')
  const own = await asApplication({ client_secret: secret, scope: 'api://own/.default' })
  t.match(claimsOf(own.body.access_token), { aud: 'api://own', roles: ['Robot'] }, 'a resource application of the tenant’s own')
})

test('a secret may come in the body or by HTTP Basic, and is refused by what is wrong with it', async t => {
  const basic = (id: string, value: string) => ({ authorization: `Basic ${Buffer.from(`${id}:${value}`).toString('base64')}` })
  t.equal((await asApplication({ client_id: undefined }, basic(everything, encodeURIComponent(secret)))).status, 200)
  const refusals: [Fields, number, number, Record<string, string>?][] = [
    [{ client_secret: 'wrong' }, 7000215, 401],
    [{ client_secret: secretId }, 7000215, 401],
    [{ client_secret: futureSecret }, 7000215, 401],
    [{ client_secret: oldSecret }, 7000222, 401],
    [{}, 7000216, 401],
    [{ client_id: bare, client_secret: 'any' }, 7000215, 401],
    [{}, 70002, 401, { authorization: 'Basic !' }],
    [{}, 70002, 401, { authorization: 'Bearer x' }],
    [{ client_secret: secret }, 9002313, 400, basic(everything, secret)],
    [{ client_secret: secret }, 9002326, 400, { origin: 'https://page.example' }],
    [{ client_secret: secret, scope: fhirScope }, 1002012, 400],
    [{ client_secret: secret, scope: `${fhirAudience}/.default openid` }, 1002012, 400],
    [{ client_secret: secret, scope: `${fhirAudience}/.default ${dicomAudience}/.default` }, 28000, 400],
    [{ client_secret: secret, scope: 'https://nobody.example/.default' }, 500011, 400],
    [{ client_secret: secret, scope: undefined }, 900144, 400],
    [{ client_secret: secret, resource: fhirAudience }, 901002, 400],
    [{ client_secret: secret, resource: dicomAudience }, 9010010, 400],
    [{ client_secret: secret, claims: 'no JSON' }, 9002313, 400],
  ]
  for (const [fields, code, status, headers] of refusals) {
    const answer = await asApplication(fields, headers)
    t.match(
      { status: answer.status, codes: answer.body.error_codes },
      { status, codes: [code] },
      `${code} for ${JSON.stringify({ ...fields, ...headers })}`,
    )
  }
  for (const [tenant, code] of [
    ['common', 9001023],
    ['consumers', 9001023],
    ['organizations', 50059],
  ] as const)
    t.same((await asApplication({ client_id: common, client_secret: secret }, {}, tenant)).body.error_codes, [code], tenant)
})

test('a certificate signs assertions by either thumbprint and algorithm, and the same one may come again', async t => {
  for (const header of [x5tS256(good.thumbprintSha256), x5t(good.thumbprint), { kid: good.thumbprint }])
    for (const alg of ['PS256', 'RS256']) {
      const fields = await withAssertion({ alg, header })
      for (const time of ['first', 'second']) {
        const { status, body } = await asApplication(fields)
        t.equal(status, 200, `${alg} ${Object.keys(header)}, ${time} time`)
        t.equal(claimsOf(body.access_token).appidacr, '2')
      }
    }
  const { port } = new URL(identity.url)
  for (const aud of [`http://127.0.0.1:${port}/${tenantId}/oauth2/v2.0/token`, `${identity.url}/sandbox.example/v2.0`])
    t.equal((await asApplication(await withAssertion({ claims: { aud } }))).status, 200, aud)
  t.equal((await asApplication(await withAssertion({ from: 200 }))).status, 200, 'clocks may differ by five minutes')
})

test('an assertion is refused by what is wrong with it', async t => {
  const cases: [string, Assertion, number, RegExp][] = [
    [
      'an unknown certificate',
      { header: x5tS256(stranger.thumbprintSha256), key: stranger.privateKey },
      700027,
      /Reason - The key was not found/,
    ],
    ['a thumbprint with colons, cut to a byte', { header: { 'x5t#S256': 'AA' } }, 700027, /Thumbprint of key used by client: '00'/],
    ['no thumbprint', { header: {} }, 700027, /The key was not found/],
    ['another key', { key: stranger.privateKey }, 700027, /did not match the expected signature value/],
    [
      'an elliptic curve',
      { alg: 'ES256', header: x5t(elliptic.thumbprint), key: elliptic.privateKey },
      700027,
      /Unsupported asymmetric signing algorithm/,
    ],
    ['an algorithm that Entra ID does not take', { alg: 'PS512' }, 700027, /Unsupported asymmetric/],
    ['another issuer', { claims: { iss: clientId } }, 700021, /'client_id'/],
    ['another subject', { claims: { sub: clientId } }, 700021, /'client_id'/],
    ['another audience', { claims: { aud: 'https://login.microsoftonline.com/x/oauth2/v2.0/token' } }, 700023, /audience/],
    ['the audience of another endpoint', { claims: { aud: `${identity.base}/oauth2/v2.0/authorize` } }, 700023, /audience/],
    ['past its life', { from: -2000 }, 700024, /Current time: .*, assertion valid from .*, expiry time of assertion/],
    ['before its life', { from: 900 }, 700024, /valid time range/],
    ['without end', { claims: { exp: undefined } }, 700024, /\(none\)/],
  ]
  for (const [name, options, code, text] of cases) {
    const { status, body } = await asApplication(await withAssertion(options))
    t.match({ status, ...body }, { status: 401, error: 'invalid_client', error_codes: [code], error_description: text }, name)
  }
  identity.time.ahead = 2 * day
  const late = await asApplication(await withAssertion({ header: x5t(brief.thumbprint), key: brief.privateKey, from: 2 * 86_400 }))
  t.match(late.body, { error_codes: [700027], error_description: /The key used is expired., .*Found key 'Start=.*, End=/ })
  identity.time.ahead = 0
  const malformed = await asApplication({ client_assertion: 'a.b.c', client_assertion_type: jwtBearer })
  t.match(malformed.body, { error_codes: [50027] })
})

test('the platform of the redirect URI decides: web must authenticate, public must not', async t => {
  const web = { client_id: everything, redirect_uri: webRedirect }
  const without = { ...web, code_challenge: undefined, code_challenge_method: undefined }
  const code = async (fields: Fields) => (await signIn(authorizeUrl(identity.base, fields))).get('code')
  t.match((await redeem(identity.base, await code(web), web)).body, { error: 'invalid_client', error_codes: [7000218] })
  const bySecret = await redeem(identity.base, await code(without), { ...web, code_verifier: undefined, client_secret: secret })
  t.match(claimsOf(bySecret.body.access_token), { appidacr: '1', name: 'Ada Example' }, 'a web application may do without PKCE')
  t.match((await redeem(identity.base, await code(without), { ...web, client_secret: secret })).body, { error_codes: [50147] })
  const byCertificate = await redeem(identity.base, await code(web), { ...web, ...(await withAssertion()) })
  t.equal(claimsOf(byCertificate.body.access_token).appidacr, '2')

  const stale = { client_id: everything, refresh_token: bySecret.body.refresh_token }
  t.match((await refresh(identity.base, stale.refresh_token, stale)).body, { error_codes: [7000218] }, 'refreshing too')
  t.equal((await refresh(identity.base, stale.refresh_token, { ...stale, client_secret: secret })).status, 200)

  const desktop = { client_id: everything, redirect_uri: 'http://localhost:7000/desktop' }
  t.match((await redeem(identity.base, await code(desktop), { ...desktop, client_secret: secret })).body, { error_codes: [700025] })
  t.equal((await redeem(identity.base, await code(desktop), desktop)).status, 200, 'the same application as a public client')

  const twice = { client_id: everything, redirect_uri: 'http://localhost:6000/twice' }
  t.match(
    (await redeem(identity.base, await code(twice), twice)).body,
    { error_codes: [7000218] },
    'of two that differ by port, the web one wins',
  )
  const unknown = await post(identity.base, { grant_type: 'refresh_token', client_id: confidentialClientId, refresh_token: 'x' })
  t.match(unknown.body, { error_codes: [7000218] }, 'without a token to tell, the registration does')
})

test('a single-page application redeems across origins only, with PKCE, for a day', async t => {
  const page = { client_id: spa, redirect_uri: 'https://page.example/back' }
  const origin = { origin: 'https://page.example' }
  const send = async (fields: Fields, headers: Record<string, string>) => post(identity.base, { ...page, ...fields }, headers)
  const grant = async () => ({
    grant_type: 'authorization_code',
    code: (await signIn(authorizeUrl(identity.base, page))).get('code') ?? '',
    code_verifier: verifier,
  })
  const location = (await fetch(authorizeUrl(identity.base, { ...page, code_challenge: undefined }), { redirect: 'manual' })).headers.get(
    'location',
  )
  t.match(location, /AADSTS9002325/)
  t.match((await send(await grant(), {})).body, { error: 'invalid_request', error_codes: [9002327] })
  const { status, headers, body } = await send(await grant(), origin)
  t.equal(status, 200)
  t.equal(headers.get('access-control-allow-origin'), 'https://page.example')
  t.equal(headers.get('vary'), 'Origin')
  const wrong = await send({ ...(await grant()), code_verifier: 'x' }, origin)
  t.equal(wrong.headers.get('access-control-allow-origin'), 'https://page.example', 'the page may read why')
  t.same(wrong.body.error_codes, [501481])

  const again = { grant_type: 'refresh_token', refresh_token: body.refresh_token }
  t.match((await send(again, {})).body, { error_codes: [9002327] })
  identity.time.ahead = 20 * 3_600_000
  const renewed = await send(again, origin)
  t.equal(renewed.status, 200)
  identity.time.ahead = 25 * 3_600_000
  t.match((await send({ ...again, refresh_token: renewed.body.refresh_token }, origin)).body, {
    suberror: 'bad_token',
    error_codes: [700084],
  })
  identity.time.ahead = 0

  const preflight = await fetch(`${identity.base}/oauth2/v2.0/token`, {
    method: 'OPTIONS',
    headers: { ...origin, 'access-control-request-method': 'POST' },
  })
  t.equal(preflight.status, 204)
  t.equal(preflight.headers.get('access-control-allow-origin'), '*')
})

test('an application without redirect URIs has none to sign in at, and one for all tenants has common', async t => {
  const shown = await (await fetch(authorizeUrl(identity.base, { client_id: flows }))).text()
  t.match(shown, /AADSTS500113: /)
  const base = `${identity.url}/common`
  const fields = { client_id: common, redirect_uri: 'http://localhost:1/back' }
  const { body } = await redeem(base, (await signIn(authorizeUrl(base, fields))).get('code'), fields)
  t.match(claimsOf(body.access_token), { tid: tenantId, iss: `https://sts.windows.net/${tenantId}/` })
})

test('.default asks for what the registration lists, and one token is for one resource', async t => {
  const fields = { client_id: everything, redirect_uri: 'http://localhost:1/desktop', scope: 'offline_access api://own/.default' }
  const { body } = await redeem(identity.base, (await signIn(authorizeUrl(identity.base, fields))).get('code'), {
    ...fields,
    scope: undefined,
  })
  t.match(claimsOf(body.access_token), { aud: 'api://own', scp: 'Read' }, 'Write is not listed')
  const asked = (scope: string) => refresh(identity.base, body.refresh_token, { client_id: everything, scope })
  t.match((await asked(`${dicomAudience}/.default`)).body, { error: 'invalid_resource', error_codes: [650057] })
  t.match((await asked(dicomScope)).body, { error: 'invalid_grant', suberror: 'consent_required', error_codes: [65001] })
  t.match((await asked(`${fhirScope} api://own/Read`)).body, { error: 'invalid_scope', error_codes: [28000] })
})

test('what could not be registered is refused in one sentence', async t => {
  const refusals: [object, RegExp][] = [
    [{ redirectUris: { web: ['localhost'] } }, /absolute/],
    [{ redirectUris: { web: ['http://app.example/'] } }, /https/],
    [{ redirectUris: { spa: ['http://127.0.0.1/x'] } }, /https/],
    [{ redirectUris: { web: ['app://back'] } }, /http or https/],
    [{ redirectUris: { publicClient: ['http://[::1]/back'] } }, /IPv6/],
    [{ redirectUris: { publicClient: ['https://*.example/'] } }, /\*/],
    [{ redirectUris: { publicClient: ['https://app.example/#x'] } }, /fragment/],
    [{ redirectUris: { publicClient: [`https://app.example/${'x'.repeat(256)}`] } }, /256/],
    [{ permissions: [{ resource: 'https://nobody.example' }] }, /no resource/],
    [{ permissions: [{ resource: dicomAudience, roles: ['system.all.all'] }] }, /no permission 'system.all.all'/],
  ]
  for (const [fields, text] of refusals)
    await t.rejects(startIdentity({ applications: [{ displayName: 'Wrong', ...fields }] }), { message: text }, JSON.stringify(fields))
  t.end()
})

test('ends', async () => identity.close())
