// The sandbox's identity provider against what Entra ID documents, over real sockets.
import { get } from 'node:http'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { type Test, test } from 'tap'
import { ExpiringMap } from '../../src/sandbox/identity/expiring-map.ts'
import { clientId, dicomAudience, fhirAudience, tenantId } from '../../src/sandbox/tenant.ts'
import {
  authorizeUrl,
  claimsOf,
  dicomScope,
  type Fields,
  fhirScope,
  type Identity,
  openSignIn,
  post,
  redeem,
  redirected,
  redirectUri,
  refresh,
  signIn,
  startIdentity,
  submit,
} from './identity-client.ts'

let identity: Identity
test('starts', async t => {
  identity = await startIdentity({ redirectUris: ['https://app.example/Callback', 'http://127.0.0.1:8765/auth'] })
  t.match(identity.url, /^http:\/\/localhost:\d+$/)
})

/** What a refusal shows when it must not be redirected. */
async function shownAt(url: string): Promise<{ status: number; location: string | null; code: number; page: string }> {
  const response = await fetch(url, { redirect: 'manual' })
  const page = await response.text()
  const [, code] = /AADSTS(\d+): /.exec(page) ?? []
  return { status: response.status, location: response.headers.get('location'), code: Number(code), page }
}

test('the discovery document names endpoints that exist, and the keys of the tokens', async t => {
  const document = await (await fetch(`${identity.base}/v2.0/.well-known/openid-configuration`)).json()
  t.match(document, {
    issuer: `${identity.base}/v2.0`,
    authorization_endpoint: `${identity.base}/oauth2/v2.0/authorize`,
    token_endpoint: `${identity.base}/oauth2/v2.0/token`,
    jwks_uri: `${identity.base}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
  })
  const byDomain = await (await fetch(`${identity.url}/sandbox.example/v2.0/.well-known/openid-configuration`)).json()
  t.same(byDomain, document, 'the tenant’s domain leads to its id')
  const common = await (await fetch(`${identity.url}/common/v2.0/.well-known/openid-configuration`)).json()
  t.equal(common.issuer, `${identity.url}/{tenantid}/v2.0`)

  const keys = await (await fetch(document.jwks_uri)).json()
  t.match(keys, { keys: [{ kty: 'RSA', use: 'sig', kid: String, n: String, e: 'AQAB' }] })
  t.notOk(keys.keys[0].d, 'no private part')
  const { body } = await redeem(identity.base, (await signIn(authorizeUrl(identity.base))).get('code'))
  const { protectedHeader } = await jwtVerify(body.access_token ?? '', createLocalJWKSet(keys))
  t.same(protectedHeader, { alg: 'RS256', typ: 'JWT', kid: keys.keys[0].kid })
})

test('both loopback addresses answer, and no other name does', async t => {
  const { port } = new URL(identity.url)
  const status = (hostname: string, host: string) =>
    new Promise(resolve => {
      const path = `/${tenantId}/discovery/v2.0/keys`
      get({ hostname, port, path, headers: { host }, agent: false }, response => resolve(response.resume().statusCode))
    })
  t.equal(await status('127.0.0.1', `localhost:${port}`), 200)
  t.equal(await status('::1', `[::1]:${port}`), 200)
  for (const host of ['evil.example', 'localhost.evil.example', `evil.example:${port}`, 'localhost@evil.example'])
    t.equal(await status('127.0.0.1', host), 400, host)
})

test('a code signs in once: tokens have the documented claims and fields', async t => {
  const answer = await signIn(authorizeUrl(identity.base, { nonce: 'a nonce', client_info: '1' }))
  t.equal(answer.get('state'), 'a state')
  t.ok(answer.get('session_state'))
  const account = Buffer.from(JSON.stringify({ uid: '0a0a0a0a-5a4d-4b0c-8000-000000000001', utid: tenantId })).toString('base64url')
  t.equal(answer.get('client_info'), account)

  const { status, headers, body } = await redeem(identity.base, answer.get('code'), { client_info: '1' })
  t.equal(status, 200)
  t.match(headers.get('content-type'), /^application\/json/)
  t.equal(headers.get('cache-control'), 'no-store')
  t.equal(headers.get('pragma'), 'no-cache')
  const { access_token, refresh_token, id_token, ...rest } = body
  t.same(rest, { token_type: 'Bearer', scope: fhirScope, expires_in: 3600, ext_expires_in: 3600, client_info: account })
  t.ok(refresh_token)

  const { iat, nbf, exp, uti, sub, ...claims } = claimsOf(access_token)
  t.same(claims, {
    aud: fhirAudience,
    iss: `https://sts.windows.net/${tenantId}/`,
    acr: '1',
    amr: ['pwd'],
    appid: clientId,
    appidacr: '0',
    name: 'Ada Example',
    oid: '0a0a0a0a-5a4d-4b0c-8000-000000000001',
    scp: 'user_impersonation',
    tid: tenantId,
    unique_name: 'ada@sandbox.example',
    upn: 'ada@sandbox.example',
    ver: '1.0',
  })
  t.equal(Number(exp) - Number(iat), 3600)
  t.equal(nbf, iat)
  t.ok(uti && sub)
  t.match(claimsOf(id_token), {
    aud: clientId,
    iss: `${identity.base}/v2.0`,
    nonce: 'a nonce',
    oid: claims.oid,
    tid: tenantId,
    preferred_username: 'ada@sandbox.example',
    name: 'Ada Example',
    ver: '2.0',
  })
  t.not(claimsOf(id_token).sub, sub, 'a subject is pairwise')
})

test('offline_access and openid decide about refresh token and id_token', async t => {
  const { body } = await redeem(identity.base, (await signIn(authorizeUrl(identity.base, { scope: fhirScope }))).get('code'))
  t.notOk('refresh_token' in body)
  t.notOk('id_token' in body)
  t.notOk('client_info' in body)
  t.ok(body.access_token)
  const sneaked = await signIn(authorizeUrl(identity.base, { scope: fhirScope }))
  const widened = await redeem(identity.base, sneaked.get('code'), { scope: `${fhirScope} offline_access` })
  t.notOk('refresh_token' in widened.body, 'what the sign-in did not ask for, the redemption cannot add')
})

test('.default gets every scope of the resource and is repeated in the answer', async t => {
  const scope = `openid ${dicomAudience}//.default`
  const { body } = await redeem(identity.base, (await signIn(authorizeUrl(identity.base, { scope }))).get('code'))
  t.equal(body.scope, `${dicomAudience}//Dicom.ReadWrite ${dicomAudience}//.default`)
  t.match(
    claimsOf(body.access_token),
    { aud: `${dicomAudience}/`, scp: 'Dicom.ReadWrite' },
    'the audience is the identifier as it was asked for',
  )
})

test('one refresh token serves both audiences, and stays good after use', async t => {
  const { body } = await redeem(identity.base, (await signIn(authorizeUrl(identity.base))).get('code'))
  const dicom = await refresh(identity.base, body.refresh_token, { scope: `openid offline_access ${dicomScope}` })
  t.match(claimsOf(dicom.body.access_token), { aud: dicomAudience, scp: 'Dicom.ReadWrite', oid: '0a0a0a0a-5a4d-4b0c-8000-000000000001' })
  t.ok(dicom.body.refresh_token)
  t.not(dicom.body.refresh_token, body.refresh_token)
  const old = await refresh(identity.base, body.refresh_token)
  t.match(claimsOf(old.body.access_token), { aud: fhirAudience }, 'without scope: the resource of the first sign-in')
  const renewed = await refresh(identity.base, dicom.body.refresh_token, { scope: fhirScope })
  t.match(claimsOf(renewed.body.access_token), { aud: fhirAudience, scp: 'user_impersonation' })
  t.notOk('refresh_token' in renewed.body, 'offline_access was not asked for')
})

test('a code is good once, for ten minutes, for its verifier and its redirect URI', async t => {
  const code = async () => (await signIn(authorizeUrl(identity.base))).get('code')
  const refusals: [Fields, number, string, number?][] = [
    [{ code_verifier: 'x'.repeat(43) }, 501481, 'invalid_grant'],
    [{ code_verifier: undefined }, 501481, 'invalid_grant'],
    [{ redirect_uri: 'http://localhost:3448/-/callback' }, 500112, 'invalid_client'],
    [{ code: '1.unknown' }, 70008, 'invalid_grant'],
    [{}, 70008, 'invalid_grant', 10 * 60_000],
    [{}, 70008, 'invalid_grant', 24 * 3_600_000],
  ]
  for (const [fields, number, error, later = 0] of refusals) {
    const issued = await code()
    identity.time.ahead += later
    const { status, body } = await redeem(identity.base, issued, fields)
    t.equal(status, 400)
    t.match(body, { error, error_codes: [number] }, `${number} after ${later} ms`)
  }
  const issued = await code()
  identity.time.ahead += 10 * 60_000 - 5_000
  t.equal((await redeem(identity.base, issued, { code_verifier: 'wrong' })).status, 400)
  t.equal((await redeem(identity.base, issued)).status, 200, 'a wrong verifier does not use the code up')
  t.match((await redeem(identity.base, issued)).body, { error: 'invalid_grant', error_codes: [54005] })
  identity.time.ahead = 0
})

test('a refresh token that rested too long is refused with bad_token', async t => {
  const { body } = await redeem(identity.base, (await signIn(authorizeUrl(identity.base))).get('code'))
  identity.time.ahead = 86_400_000 + 1_000
  const expired = await refresh(identity.base, body.refresh_token)
  t.equal(expired.status, 400)
  t.match(expired.body, { error: 'invalid_grant', suberror: 'bad_token', error_codes: [700082] })
  identity.time.ahead = 0
  t.match((await refresh(identity.base, '1.unknown')).body, { error: 'invalid_grant', error_codes: [70008] })
})

test('a token request is refused in the documented shape', async t => {
  const good = { grant_type: 'refresh_token', client_id: clientId, refresh_token: 'x' }
  const refusals: [Fields, number, string, Record<string, string>?, string?, number?][] = [
    [{ grant_type: undefined }, 900144, 'invalid_request'],
    [{ grant_type: 'password' }, 70003, 'unsupported_grant_type'],
    [{ client_id: undefined }, 900144, 'invalid_request'],
    [{ refresh_token: undefined }, 900144, 'invalid_request'],
    [{ grant_type: 'authorization_code' }, 900144, 'invalid_request'],
    [{ client_id: '11111111-2222-3333-4444-555555555555' }, 700016, 'unauthorized_client'],
    [{ resource: fhirAudience }, 901002, 'invalid_request'],
    [{ client_secret: 'a secret' }, 700025, 'invalid_client', {}, tenantId, 401],
    [{ client_assertion: 'a.b.c' }, 900144, 'invalid_request'],
    [{}, 700016, 'unauthorized_client', { authorization: 'Basic YTpi' }],
    [{ client_assertion: 'a.b.c', client_assertion_type: 'bearer' }, 90023, 'invalid_request'],
    [{}, 9002326, 'invalid_request', { origin: 'http://localhost:3447' }],
    [{}, 900144, 'invalid_request', { 'content-type': 'application/json' }],
    [{}, 90002, 'invalid_request', {}, '11111111-2222-3333-4444-555555555555'],
    [{}, 90002, 'invalid_request', {}, 'elsewhere.example'],
    [{}, 900023, 'invalid_request', {}, 'undefined'],
    [{}, 50194, 'invalid_request', {}, 'common'],
    [{}, 50194, 'invalid_request', {}, 'organizations'],
  ]
  for (const [fields, number, error, headers = {}, tenant = tenantId, status = 400] of refusals) {
    const answer = await post(`${identity.url}/${tenant}`, { ...good, ...fields }, headers)
    t.equal(answer.status, status)
    t.match(answer.body, { error, error_codes: [number] }, `${number} for ${JSON.stringify({ ...fields, ...headers, tenant })}`)
    t.equal(answer.headers.get('access-control-allow-origin'), null)
  }
  const { body } = await post(identity.base, { ...good, client_id: 'x' }, { 'client-request-id': '11111111-2222-3333-4444-555555555555' })
  const { trace_id, timestamp, error_description, ...rest } = body
  t.same(rest, {
    error: 'unauthorized_client',
    error_codes: [700016],
    correlation_id: '11111111-2222-3333-4444-555555555555',
    error_uri: 'https://login.microsoftonline.com/error?code=700016',
  })
  t.match(timestamp, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/)
  const [text, ...lines] = String(error_description).split('\r\n')
  t.match(text, /^AADSTS700016: Application with identifier 'x' was not found in the directory 'sandbox.example'\./)
  t.same(lines, [`Trace ID: ${trace_id}`, `Correlation ID: ${rest.correlation_id}`, `Timestamp: ${timestamp}`])
  const byGet = await fetch(`${identity.base}/oauth2/v2.0/token`)
  t.match(await byGet.json(), { error: 'invalid_request', error_codes: [900561] })
})

test('a repeated parameter is refused, an unknown one is not', async t => {
  const url = authorizeUrl(identity.base, { claims: '{"id_token":{}}', clidata: '1', 'x-client-SKU': 'x', unheard_of: 'yes' })
  t.equal((await openSignIn(`${url}&unheard_of=twice`)).ticket.length, 43)
  t.match(await shownAt(`${url}&client_id=${clientId}`), { status: 400, code: 9000411 })
  t.match(redirected(await fetch(`${url}&scope=openid`, { redirect: 'manual' })).get('error_description'), /^AADSTS9000411: /)
})

test('redirect URIs match by text, and the port of localhost alone is free', async t => {
  const cases: [string | undefined, number | undefined][] = [
    ['http://localhost:3447/-/callback', undefined],
    ['http://localhost:65535/-/callback', undefined],
    ['http://localhost/-/callback', undefined],
    ['http://localhost', undefined],
    ['http://localhost:8400', undefined],
    ['http://localhost:8400/', undefined],
    ['https://app.example/Callback', undefined],
    ['http://127.0.0.1:8765/auth', undefined],
    ['http://127.0.0.1:8766/auth', 50011],
    ['http://127.0.0.1:3447/-/callback', 50011],
    ['http://[::1]:3447/-/callback', 50011],
    ['https://localhost:3447/-/callback', 50011],
    ['http://LOCALHOST:3447/-/callback', 50011],
    ['http://localhost:3447/-/Callback', 50011],
    ['http://localhost:3447/-/callback/', 50011],
    ['http://localhost:3447/-/callback?x=1', 50011],
    ['http://localhost:3447/-/callback#x', 50011],
    ['http://localhost:3447/-/x/../callback', 50011],
    ['http://localhost:3447@evil.example/-/callback', 50011],
    ['http://localhost.evil.example/-/callback', 50011],
    ['https://app.example/callback', 50011],
    ['https://app.example:444/Callback', 50011],
    ['https://evil.example/', 50011],
    ['/-/callback', 90102],
    ['', 900971],
    [undefined, 900971],
  ]
  for (const [uri, code] of cases) {
    const url = authorizeUrl(identity.base, { redirect_uri: uri })
    if (code === undefined) t.ok((await openSignIn(url)).ticket, `${uri} is good`)
    else t.match(await shownAt(url), { status: 400, location: null, code }, `${uri} gets ${code} and no redirect`)
  }
  const bare = await openSignIn(authorizeUrl(identity.base, { redirect_uri: 'http://localhost:8400' }))
  const response = await submit(bare.action, { ticket: bare.ticket, username: 'ada@sandbox.example', do: 'sign-in' })
  t.match(response.headers.get('location'), /^http:\/\/localhost:8400\/\?code=/, 'a redirect URI without a path gets its slash')
})

test('tenant and client are checked before anything is redirected', async t => {
  const refusals: [string, Fields, number][] = [
    ['11111111-2222-3333-4444-555555555555', {}, 90002],
    ['undefined', {}, 900023],
    ['common', {}, 50194],
    ['organizations', {}, 50194],
    [tenantId, { client_id: '11111111-2222-3333-4444-555555555555' }, 700016],
    [tenantId, { client_id: undefined }, 900144],
    [tenantId, { client_id: '<script>alert(1)</script>' }, 700016],
  ]
  for (const [tenant, fields, code] of refusals) {
    const shown = await shownAt(authorizeUrl(`${identity.url}/${tenant}`, fields))
    t.match(shown, { status: 400, location: null, code })
    t.match(shown.page, /Trace ID.*Correlation ID.*Timestamp/s)
    t.notMatch(shown.page, /<script/)
  }
})

test('all other refusals of an authorization request go to its redirect URI', async t => {
  const refusals: [Fields, number, string][] = [
    [{ response_type: 'pigeon' }, 70005, 'unsupported_response_type'],
    [{ response_type: 'token' }, 700054, 'unsupported_response_type'],
    [{ response_type: undefined }, 900144, 'invalid_request'],
    [{ response_mode: 'pigeon' }, 70007, 'invalid_request'],
    [{ resource: fhirAudience }, 901002, 'invalid_request'],
    [{ scope: undefined }, 900144, 'invalid_request'],
    [{ scope: `${fhirAudience}/.default ${dicomScope}` }, 70011, 'invalid_scope'],
    [{ scope: `${fhirAudience}/.default ${fhirScope}` }, 70011, 'invalid_scope'],
    [{ scope: 'https://' }, 70011, 'invalid_scope'],
    [{ scope: 'https://dicom.azurehealthcareapis.azure.com/.default' }, 500011, 'invalid_resource'],
    [{ scope: `${fhirAudience}/Dicom.ReadWrite` }, 650053, 'invalid_client'],
    [{ scope: 'user_impersonation' }, 650053, 'invalid_client'],
    [{ code_challenge: undefined }, 9002313, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 9002313, 'invalid_request'],
    [{ code_challenge: 'short' }, 501491, 'invalid_request'],
    [{ prompt: 'none' }, 50058, 'login_required'],
    [{ prompt: 'please' }, 90023, 'invalid_request'],
  ]
  for (const [fields, number, error] of refusals) {
    const answer = redirected(await fetch(authorizeUrl(identity.base, fields), { redirect: 'manual' }))
    t.equal(answer.get('error'), error, `${number} for ${JSON.stringify(fields)}`)
    t.match(answer.get('error_description'), new RegExp(`^AADSTS${number}: .*\r\nTrace ID: .*\r\nCorrelation ID: .*\r\nTimestamp: `))
    t.equal(answer.get('state'), 'a state')
    t.notOk(answer.has('code'))
  }
})

test('an authorization request may come as a form, from any site', async t => {
  const { origin, pathname, searchParams } = new URL(authorizeUrl(identity.base))
  const headers = { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }
  const response = await fetch(`${origin}${pathname}`, { method: 'POST', body: searchParams, headers })
  t.equal(response.status, 200)
  t.match(await response.text(), /name="ticket"/)
})

test('form_post and fragment bring the answer where it belongs', async t => {
  const { action, ticket } = await openSignIn(authorizeUrl(identity.base, { response_mode: 'form_post', state: '"><script>' }))
  const posted = await submit(action, { ticket, username: 'ben@sandbox.example', do: 'sign-in' })
  const page = await posted.text()
  t.equal(posted.status, 200)
  t.match(page, `<form method="post" action="${redirectUri}">`)
  t.match(page, /name="state" value="&quot;&gt;&lt;script&gt;"/)
  t.match(page, /<button>Continue<\/button>/)
  const [, nonce] = /<script nonce="([^"]+)">/.exec(page) ?? []
  t.match(posted.headers.get('content-security-policy'), `script-src 'nonce-${nonce}'`)
  t.match(posted.headers.get('content-security-policy'), "form-action 'self' http://localhost:3447;")
  const [, code = null] = /name="code" value="([^"]+)"/.exec(page) ?? []
  t.match(claimsOf((await redeem(identity.base, code)).body.access_token), { name: 'Ben Sample' })

  const refused = await fetch(authorizeUrl(identity.base, { response_mode: 'form_post', prompt: 'none' }), { redirect: 'manual' })
  t.match(await refused.text(), /name="error" value="login_required"/)

  const fragment = await openSignIn(authorizeUrl(identity.base, { response_mode: 'fragment' }))
  const answer = await submit(fragment.action, { ticket: fragment.ticket, username: 'ada@sandbox.example', do: 'sign-in' })
  t.match(answer.headers.get('location'), /^http:\/\/localhost:3447\/-\/callback#code=/)
})

test('the sign-in page says what it is, runs nothing, and is kept by nobody', async t => {
  const response = await fetch(authorizeUrl(identity.base, { login_hint: 'BEN@sandbox.example' }))
  const page = await response.text()
  t.match(page, /<h1>[^<]*sandbox, not a Microsoft page<\/h1>/)
  t.match(page, /Nobody’s real password is asked for/)
  for (const person of ['Ada Example', 'Ben Sample', 'Nora Norole']) t.match(page, person)
  t.match(page, /value="ben@sandbox.example" required checked/)
  t.equal(page.match(/ checked/g)?.length, 1)
  t.notMatch(page, /<script|type="password"/)
  const policy = response.headers.get('content-security-policy') ?? ''
  for (const directive of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self' http://localhost:3447"])
    t.ok(policy.split('; ').includes(directive), directive)
  t.notMatch(policy, /script-src|unsafe/)
  t.match(Object.fromEntries(response.headers), {
    'cache-control': 'no-store',
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  })
  const unhinted = await openSignIn(authorizeUrl(identity.base, { login_hint: 'somebody@else.example' }))
  t.match(unhinted.page, /value="ada@sandbox.example" required checked/)
})

test('Cancel goes back with access_denied', async t => {
  const { action, ticket } = await openSignIn(authorizeUrl(identity.base))
  const answer = redirected(await submit(action, { ticket, do: 'cancel' }))
  t.same([answer.get('error'), answer.get('error_subcode'), answer.get('state')], ['access_denied', 'cancel', 'a state'])
  t.match(answer.get('error_description'), /^AADSTS65004: /)
})

const shown = async (t: Test, response: Response, status: number, text: RegExp) => {
  t.equal(response.status, status)
  t.equal(response.headers.get('location'), null)
  t.match(await response.text(), text)
}

test('a ticket is good once, for ten minutes, for people who exist', async t => {
  const person = { username: 'ada@sandbox.example', do: 'sign-in' }
  const { action, ticket } = await openSignIn(authorizeUrl(identity.base))
  t.ok(redirected(await submit(action, { ticket, ...person })).get('code'))
  await shown(t, await submit(action, { ticket, ...person }), 400, /AADSTS50089: /)
  await shown(t, await submit(action, { ticket: 'made up', ...person }), 400, /AADSTS50089: /)
  await shown(t, await submit(action, person), 400, /AADSTS900144: /)

  const late = await openSignIn(authorizeUrl(identity.base))
  identity.time.ahead = 10 * 60_000 + 1_000
  await shown(t, await submit(action, { ticket: late.ticket, ...person }), 400, /AADSTS50089: /)
  identity.time.ahead = 0

  const strange = await openSignIn(authorizeUrl(identity.base))
  await shown(t, await submit(action, { ticket: strange.ticket, username: 'eve@sandbox.example' }), 400, /AADSTS50034: /)
})

test('the sign-in form takes nothing from a foreign page', async t => {
  const { action, ticket } = await openSignIn(authorizeUrl(identity.base))
  const fields = { ticket, username: 'ada@sandbox.example', do: 'sign-in' }
  const { port } = new URL(identity.url)
  const foreign = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `https://localhost:${port}` },
    { origin: `http://127.0.0.1:${port}` },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]
  for (const headers of foreign) await shown(t, await submit(action, fields, headers), 403, /from its own page only/)
  const own = { origin: identity.url, 'sec-fetch-site': 'same-origin' }
  t.ok(redirected(await submit(action, fields, own)).get('code'), 'a refused post does not use the ticket up')
})

test('a body that is too large is refused without a stack trace', async t => {
  const { status, body } = await post(identity.base, { grant_type: 'refresh_token', filler: 'x'.repeat(70_000) })
  t.equal(status, 413)
  t.match(body, { error: 'invalid_request' })
  t.notMatch(JSON.stringify(body), / at |node_modules/)
})

test('the token endpoint tells which grant it was asked for', t => {
  t.ok(identity.grantTypes.includes('authorization_code') && identity.grantTypes.includes('refresh_token'))
  t.end()
})

test('what is under way is bounded and forgotten in time', t => {
  let now = 0
  const map = new ExpiringMap<number>({ keep: 100, capacity: 3, clock: () => now })
  for (const key of ['a', 'b', 'c', 'd']) map.set(key, 1)
  t.same([map.get('a'), map.get('b'), map.size], [undefined, 1, 3], 'the oldest gave way')
  now = 100
  t.equal(map.get('b'), undefined)
  map.set('e', 1)
  t.equal(map.size, 1, 'the expired are swept')
  t.same([map.take('e'), map.take('e')], [1, undefined])
  t.end()
})

test('stops at once, with connections open', async t => {
  await identity.close()
  await t.rejects(fetch(`${identity.base}/discovery/v2.0/keys`))
})
