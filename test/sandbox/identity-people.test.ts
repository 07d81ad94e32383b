// What people meet at the sandbox's identity provider: accounts, consent, devices, logout, over real sockets.
import { get } from 'node:http'
import { type Test, test } from 'tap'
import { clientId, dicomAudience, fhirAudience } from '../../src/sandbox/tenant.ts'
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
  refresh,
  startIdentity,
  submit,
} from './identity-client.ts'

const asking = '22222222-aaaa-4bbb-8ccc-000000000001'
const assigned = '22222222-aaaa-4bbb-8ccc-000000000002'
const confidential = '22222222-aaaa-4bbb-8ccc-000000000003'
const redirectUris = { publicClient: ['http://localhost/-/callback'] }
const applications = [
  { appId: asking, displayName: 'Reading room', redirectUris, publicClientFlows: true, adminConsent: false },
  { appId: assigned, displayName: 'Ward', redirectUris, assignedTo: ['ben@sandbox.example'] },
  { appId: confidential, displayName: 'Back end', secrets: [{ value: 'device secret' }] },
]
const ada = 'ada@sandbox.example'

async function start(t: Test, options: Parameters<typeof startIdentity>[0] = {}): Promise<Identity> {
  const identity = await startIdentity({ applications, ...options })
  t.teardown(identity.close)
  return identity
}

type Form = { page: string; action: string; ticket: string; status: number }

/** The form on a page that was the answer. */
async function formOn(response: Response): Promise<Form> {
  const page = await response.text()
  const [, action = ''] = /<form method="post" action="([^"]+)"/.exec(page) ?? []
  const [, ticket = ''] = /name="ticket" value="([^"]+)"/.exec(page) ?? []
  return { page, action: new URL(action, response.url).href, ticket, status: response.status }
}

/** Chooses a person on the sign-in page. */
async function choose(url: string, username = ada): Promise<Response> {
  const { action, ticket } = await openSignIn(url)
  return submit(action, { ticket, username, do: 'sign-in' })
}

test('an account that cannot sign in is told so on the page, by its code', async t => {
  const { base } = await start(t)
  const cases: [string, Fields, number, RegExp][] = [
    ['dan@sandbox.example', {}, 50057, /disabled/],
    [
      'eve@elsewhere.example',
      {},
      50020,
      /identity provider &#39;https:\/\/sts\.windows\.net\/elsewhere\.example\/&#39; does not exist in tenant/,
    ],
    ['zoe@sandbox.example', {}, 50034, /zoe@sandbox\.example does not exist in the sandbox\.example directory/],
    ['', {}, 90014, /&#39;username&#39;/],
    [ada, { client_id: assigned }, 50105, /Ward.*ada@sandbox\.example.*is blocked/],
  ]
  for (const [username, fields, code, text] of cases) {
    const response = await choose(authorizeUrl(base, fields), username)
    const page = await response.text()
    t.match({ status: response.status, page }, { status: 400, page: `AADSTS${code}: ` })
    t.match(page, text)
  }
  t.ok(redirected(await choose(authorizeUrl(base, { client_id: assigned }), 'ben@sandbox.example')).get('code'), 'who is assigned may')
  const { page } = await openSignIn(authorizeUrl(base))
  t.match(page, /<details><summary>Accounts that cannot sign in<\/summary>\s*<label><input type="radio" name="username" value="dan@/)
})

test('consent is asked for once by person and scope, and remembered', async t => {
  const { base } = await start(t)
  const fields = { client_id: asking }
  const url = authorizeUrl(base, fields)
  const asked = await formOn(await choose(url))
  t.match(asked.page, /<h1>Permissions requested<\/h1>/)
  t.match(asked.page, /<li><code>user_impersonation<\/code> of Azure Healthcare APIs<\/li>/)
  t.notMatch(asked.page, /Dicom\.ReadWrite|<script/)
  const answer = redirected(await submit(asked.action, { ticket: asked.ticket, do: 'accept' }))
  const { body } = await redeem(base, answer.get('code'), fields)
  t.equal(claimsOf(body.access_token).scp, 'user_impersonation')
  t.ok(redirected(await choose(url)).get('code'), 'not asked again')
  t.match((await formOn(await choose(url, 'ben@sandbox.example'))).page, /Permissions requested/, 'another person is')

  const silent = await refresh(base, body.refresh_token, { ...fields, scope: dicomScope })
  t.match(silent.body, { error: 'invalid_grant', suberror: 'consent_required', error_codes: [65001] })
  const more = await formOn(await choose(authorizeUrl(base, { ...fields, scope: dicomScope })))
  t.match(more.page, /Dicom\.ReadWrite<\/code> of Azure API for DICOM/)
  t.notMatch(more.page, /user_impersonation/, 'only what is new')
})

test('two resources may be consented to at once; the token is for the first', async t => {
  const { base } = await start(t)
  const scope = `openid offline_access ${fhirScope} ${dicomScope}`
  const asked = await formOn(await choose(authorizeUrl(base, { client_id: asking, scope })))
  t.match(asked.page, /user_impersonation.*Dicom\.ReadWrite/s)
  const answer = redirected(await submit(asked.action, { ticket: asked.ticket, do: 'accept' }))
  const code = answer.get('code')
  t.match((await redeem(base, code, { client_id: asking, scope })).body, { error_codes: [28000] })
  const { body } = await redeem(base, code, { client_id: asking })
  t.equal(claimsOf(body.access_token).aud, fhirAudience)
  const dicom = await refresh(base, body.refresh_token, { client_id: asking, scope: dicomScope })
  t.equal(claimsOf(dicom.body.access_token).aud, dicomAudience)
})

test('declining goes back with 65004 and is asked again; prompt=consent asks even where an administrator consented', async t => {
  const { base } = await start(t)
  for (const fields of [{ client_id: asking }, { client_id: clientId, prompt: 'consent' }]) {
    for (const time of [1, 2]) {
      const asked = await formOn(await choose(authorizeUrl(base, fields)))
      const answer = redirected(await submit(asked.action, { ticket: asked.ticket, do: 'decline' }))
      t.same(
        [answer.get('error'), answer.get('error_subcode'), answer.get('state')],
        ['access_denied', 'cancel', 'a state'],
        `time ${time}`,
      )
      t.match(answer.get('error_description'), /^AADSTS65004: /)
    }
  }
  const granted = await formOn(await choose(authorizeUrl(base, { prompt: 'consent' })))
  t.ok(redirected(await submit(granted.action, { ticket: granted.ticket, do: 'accept' })).get('code'))
  for (const prompt of ['login', 'select_account']) t.ok(redirected(await choose(authorizeUrl(base, { prompt }))).get('code'))
})

test('where people may not consent, only an administrator can', async t => {
  for (const [userConsent, code] of [
    ['disabled', 90094],
    ['request', 90095],
  ] as const) {
    const { base } = await start(t, { userConsent })
    const shown = await formOn(await choose(authorizeUrl(base, { client_id: asking })))
    t.match(shown.page, /<h1>Need admin approval<\/h1>/)
    t.notMatch(shown.page, /value="accept"|asked once/)
    const forced = redirected(await submit(shown.action, { ticket: shown.ticket, do: 'accept' }))
    t.equal(forced.get('error'), 'access_denied', 'whatever the form says')
    t.match(forced.get('error_description'), new RegExp(`^AADSTS${code}: `))
    t.ok(redirected(await choose(authorizeUrl(base))).get('code'), 'what an administrator consented to is not affected')
  }
})

test('the new forms take one ticket once, from their own page, at a loopback name', async t => {
  const identity = await start(t)
  const asked = await formOn(await choose(authorizeUrl(identity.base, { client_id: asking })))
  const device = await formOn(await fetch(`${identity.url}/device`))
  const posts: [Form, Fields][] = [
    [asked, { do: 'accept' }],
    [device, { user_code: 'AAAAAAAAA' }],
  ]
  for (const [{ action, ticket }, fields] of posts) {
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
      const refused = await submit(action, { ticket, ...fields }, headers as unknown as Record<string, string>)
      t.equal(refused.status, 403)
    }
    t.match(await (await submit(action, { ticket: 'made up', ...fields })).text(), /AADSTS50089: /)
    t.notMatch(await (await submit(action, { ticket, ...fields })).text(), /AADSTS50089: /, 'a refused post does not use the ticket up')
    t.match(await (await submit(action, { ticket, ...fields })).text(), /AADSTS50089: /)
  }
  const { port } = new URL(identity.url)
  const status = await new Promise(resolve => {
    get({ host: '127.0.0.1', port, path: '/device', headers: { host: 'evil.example' }, agent: false }, response =>
      resolve(response.resume().statusCode),
    )
  })
  t.equal(status, 400)
})

type Device = { user_code: string; device_code: string; verification_uri: string; expires_in: number; interval: number; message: string }

async function askDevice({ base }: Identity, fields: Fields = {}): Promise<Device> {
  const all = { client_id: clientId, scope: `openid offline_access ${fhirScope}`, ...fields }
  const body = new URLSearchParams(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined))
  const response = await fetch(`${base}/oauth2/v2.0/devicecode`, { method: 'POST', body })
  return (await response.json()) as Device
}

const poll = ({ base }: Identity, deviceCode: string, fields: Fields = {}) =>
  post(base, { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: clientId, device_code: deviceCode, ...fields })

async function enter(identity: Identity, userCode: string | undefined): Promise<Form> {
  const { action, ticket } = await formOn(await fetch(`${identity.url}/device`))
  return formOn(await submit(action, { ticket, user_code: userCode }))
}

test('a device is signed in by whoever enters its code', async t => {
  const identity = await start(t)
  const { user_code, device_code, message, ...rest } = await askDevice(identity)
  t.same(rest, { verification_uri: `${identity.url}/device`, expires_in: 900, interval: 5 })
  t.match(user_code, /^[B-Z2-9]{9}$/)
  t.equal(message, `To sign in, use a web browser to open the page ${identity.url}/device and enter the code ${user_code} to authenticate.`)
  t.match((await poll(identity, device_code)).body, { error: 'authorization_pending', error_codes: [70016] })
  const entered = await enter(identity, ` ${user_code.slice(0, 4).toLowerCase()}-${user_code.slice(4)} `)
  t.match(entered.page, `shows the code <strong>${user_code}</strong>`)
  const second = await enter(identity, user_code)
  const done = await submit(entered.action, { ticket: entered.ticket, username: 'ben@sandbox.example', do: 'sign-in' })
  t.match(await done.text(), /You are signed in on your device/)
  const { status, body } = await poll(identity, device_code, { grant_type: 'device_code' })
  t.equal(status, 200, 'MSAL’s older name of the grant')
  t.match(claimsOf(body.access_token), { name: 'Ben Sample', aud: fhirAudience, appidacr: '0' })
  t.ok(body.refresh_token && body.id_token && body.client_info)
  t.match((await poll(identity, device_code)).body, { error: 'bad_verification_code', error_codes: [70018] }, 'once')
  t.match((await enter(identity, user_code)).page, /AADSTS70018: /)
  const late = await submit(second.action, { ticket: second.ticket, username: ada, do: 'sign-in' })
  t.match(await late.text(), /AADSTS70018: /, 'another window decides nothing any more')
  t.match((await poll(identity, device_code)).body, { error: 'bad_verification_code' })
})

test('a device learns why it has no token: too fast, declined, expired, unknown', async t => {
  const identity = await start(t)
  const device = await askDevice(identity)
  await poll(identity, device.device_code)
  t.match((await poll(identity, device.device_code)).body, { error: 'slow_down' })
  identity.time.ahead = 5_000
  t.match((await poll(identity, device.device_code)).body, { error: 'slow_down' }, 'the interval has grown')
  identity.time.ahead = 5_000 + 15_000
  t.match((await poll(identity, device.device_code)).body, { error: 'authorization_pending' })
  const entered = await enter(identity, device.user_code)
  t.match(await (await submit(entered.action, { ticket: entered.ticket, do: 'cancel' })).text(), /was not signed in/)
  t.match((await poll(identity, device.device_code)).body, { error: 'authorization_declined', error_codes: [65004] })

  const late = await askDevice(identity)
  const open = await enter(identity, late.user_code)
  identity.time.ahead += 15 * 60_000
  t.match((await poll(identity, late.device_code)).body, { error: 'expired_token', error_codes: [70020] })
  t.match(await enter(identity, late.user_code), { status: 400, page: 'AADSTS70019: ' })
  const tooLate = await submit(open.action, { ticket: open.ticket, username: ada, do: 'sign-in' })
  t.equal(tooLate.status, 400)

  t.match((await poll(identity, '1.unknown')).body, { error: 'bad_verification_code', error_codes: [70018] })
  t.match((await enter(identity, undefined)).page, /AADSTS90014: .*user_code/)
  t.match(await askDevice(identity, { scope: undefined }), { error: 'invalid_request', error_codes: [900144] })
  t.match(await askDevice(identity, { scope: `${fhirScope} ${dicomScope}` }), { error: 'invalid_scope', error_codes: [28000] })
})

test('a device code needs a public client, or its secret; and consent like any sign-in', async t => {
  const identity = await start(t)
  const { device_code, user_code } = await askDevice(identity, { client_id: confidential })
  const fields = { client_id: confidential }
  t.match((await poll(identity, device_code, fields)).body, { error: 'invalid_client', error_codes: [7000218] })
  t.match((await poll(identity, device_code)).body, { error_codes: [70018] }, 'it belongs to its application')
  const entered = await enter(identity, user_code)
  await submit(entered.action, { ticket: entered.ticket, username: ada, do: 'sign-in' })
  const { body } = await poll(identity, device_code, { ...fields, client_secret: 'device secret' })
  t.equal(claimsOf(body.access_token).appidacr, '1')

  const asked = await askDevice(identity, { client_id: asking })
  const form = await enter(identity, asked.user_code)
  const consent = await formOn(await submit(form.action, { ticket: form.ticket, username: ada, do: 'sign-in' }))
  t.match(consent.page, /Permissions requested/)
  t.match((await poll(identity, asked.device_code, { client_id: asking })).body, { error: 'authorization_pending' })
  t.match(await (await submit(consent.action, { ticket: consent.ticket, do: 'accept' })).text(), /You are signed in/)
  t.equal((await poll(identity, asked.device_code, { client_id: asking })).status, 200)
})

test('a native application’s own scheme is a redirect URI like any other, and the pages’ policy lets forms lead there', async t => {
  const appId = '22222222-aaaa-4bbb-8ccc-000000000004'
  const registration = { appId, displayName: 'Native', redirectUris: { publicClient: ['org.example.app://back'] } }
  const { base } = await start(t, { applications: [registration] })
  const fields = { client_id: appId, redirect_uri: 'org.example.app://back' }
  const policy = (await fetch(authorizeUrl(base, fields))).headers.get('content-security-policy')
  t.match(policy, "form-action 'self' org.example.app:;")
  t.match((await choose(authorizeUrl(base, fields))).headers.get('location'), /^org\.example\.app:\/\/back\?code=/)
  const posted = await choose(authorizeUrl(base, { ...fields, response_mode: 'form_post' }))
  t.match(posted.headers.get('content-security-policy'), "form-action 'self' org.example.app:;")
})

test('logout is a page, and discovery names it and the device endpoint', async t => {
  const { base, url } = await start(t)
  const document = await (await fetch(`${base}/v2.0/.well-known/openid-configuration`)).json()
  t.match(document, {
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
  })
  const back = await (await fetch(`${document.end_session_endpoint}?post_logout_redirect_uri=http://localhost`)).text()
  t.match(back, /signed out.*<a href="http:\/\/localhost">/s)
  const foreign = await (await fetch(`${document.end_session_endpoint}?post_logout_redirect_uri=https://evil.example`)).text()
  t.notMatch(foreign, /evil\.example|<a /)
  for (const [tenant, code] of [
    ['33333333-2222-3333-4444-555555555555', 90002],
    ['undefined', 900023],
  ] as const) {
    const response = await fetch(`${url}/${tenant}/v2.0/.well-known/openid-configuration`)
    t.match(
      { status: response.status, body: await response.json() },
      { status: 400, body: { error: 'invalid_tenant', error_codes: [code] } },
    )
  }
})
