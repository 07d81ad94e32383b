// Each fault that can be switched on, where it strikes and in which shape, over real sockets.
import { readdirSync, readFileSync } from 'node:fs'
import { type Test, test } from 'tap'
import { aadsts } from '../../src/sandbox/identity/aadsts.ts'
import { type Fault, type FaultName, faultNames, faultTable, type Strike } from '../../src/sandbox/identity/fault-table.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { confidentialClientId, fhirAudience } from '../../src/sandbox/tenant.ts'
import {
  authorizeUrl,
  claimsOf,
  type Fields,
  fhirScope,
  openSignIn,
  post,
  redeem,
  redirected,
  refresh,
  signIn,
  startIdentity,
  submit,
} from './identity-client.ts'

const redirectUri = 'http://localhost:1/-/callback'
const web = { client_id: confidentialClientId, redirect_uri: redirectUri }

async function startAll(t: Test) {
  const identity = await startIdentity()
  t.teardown(identity.close)
  const { secrets = [] } = identity.applications.find(({ appId }) => appId === confidentialClientId) ?? {}
  const clientSecret = secrets[0]?.value ?? ''
  const { body } = await redeem(identity.base, (await signIn(authorizeUrl(identity.base))).get('code'))
  const refreshToken = body.refresh_token ?? ''
  const asApplication = (fields: Fields = {}) =>
    post(identity.base, {
      ...{ grant_type: 'client_credentials', client_id: confidentialClientId, client_secret: clientSecret },
      ...{ scope: `${fhirAudience}/.default`, ...fields },
    })
  return { ...identity, clientSecret, refreshToken, asApplication }
}

type All = Awaited<ReturnType<typeof startAll>>
type Answer = { status: number; body: Record<string, unknown> }

/** Does what a strike is about, with the fault on, and returns the token endpoint's answer; of the sign-in page, the code. */
const provoke: Record<Strike, (all: All, name: FaultName) => Promise<Answer>> = {
  'sign-in': async ({ base, faults }, name) => {
    const { action, ticket } = await openSignIn(authorizeUrl(base))
    faults.set(name)
    const response = await submit(action, { ticket, username: 'ada@sandbox.example', do: 'sign-in' })
    const [, code] = /AADSTS(\d+): /.exec(await response.text()) ?? []
    return { status: response.status, body: { error_codes: [Number(code)] } }
  },
  authorization_code: async ({ base, faults }, name) => {
    const code = (await signIn(authorizeUrl(base))).get('code')
    faults.set(name)
    const refused = await redeem(base, code)
    faults.set(undefined)
    if (refused.status !== 200 && (await redeem(base, code)).status !== 200) throw new Error('a fault used the code up')
    return refused
  },
  refresh_token: async ({ base, faults, refreshToken }, name) => {
    faults.set(name)
    return refresh(base, refreshToken)
  },
  device_code: async ({ base, url, faults }, name) => {
    const body = new URLSearchParams({ client_id: '5a4db0c5-0000-4000-8000-00000000c11e', scope: fhirScope })
    const device = await (await fetch(`${base}/oauth2/v2.0/devicecode`, { method: 'POST', body })).json()
    const ticketOf = async (response: Response) => /name="ticket" value="([^"]+)"/.exec(await response.text())?.[1]
    const ticket = await ticketOf(await fetch(`${url}/device`))
    const next = await ticketOf(await submit(`${url}/device`, { ticket, user_code: device.user_code }))
    await submit(`${base}/login`, { ticket: next, username: 'ada@sandbox.example', do: 'sign-in' })
    faults.set(name)
    return post(base, { grant_type: 'device_code', client_id: '5a4db0c5-0000-4000-8000-00000000c11e', device_code: device.device_code })
  },
  'client-authentication': async ({ faults, asApplication }, name) => {
    faults.set(name)
    return asApplication()
  },
}

test('every fault that is a refusal strikes where its row says, with its code, and nowhere else', async t => {
  const all = await startAll(t)
  const strikes = Object.keys(provoke) as Strike[]
  for (const name of faultNames) {
    const { refusal }: Fault = faultTable[name]
    if (!refusal) continue
    const { code, at } = refusal
    const { error, suberror, status } = aadsts[code]
    for (const strike of strikes.filter(strike => at.includes(strike))) {
      const answer = await provoke[strike](all, name)
      all.faults.set(undefined)
      const shape = strike === 'sign-in' ? { error_codes: [code] } : { error, error_codes: [code], ...(suberror && { suberror }) }
      t.match(answer, { status: strike === 'sign-in' ? 400 : status, body: shape }, `${name} strikes ${strike}`)
      t.notMatch(answer.body.error_description ?? '', /\{\d\}|''/, 'its text is complete')
      if (strike !== 'sign-in') t.equal('claims' in answer.body, refusal.claims === true, `${name}: claims`)
    }
    const [spared] = strikes.filter(strike => !at.includes(strike) && strike !== 'device_code')
    if (spared) t.not((await provoke[spared](all, name)).body.error_codes?.toString(), String(code), `${name} spares ${spared}`)
    all.faults.set(undefined)
  }
})

test('a refusal with claims hands out what the next sign-in must ask for', async t => {
  const all = await startAll(t)
  const { body } = await provoke.refresh_token(all, 'mfa')
  t.match(body, { error: 'invalid_grant', suberror: 'basic_action', error_codes: [50076] })
  t.match(JSON.parse(String(body.claims)), { access_token: { capolids: { essential: true, values: [String] } } })
  t.match(body.error_description, /to access '4f6778d8-5aef-43dc-a1ff-b073724b9495'\.\r\nTrace ID: /)
})

test('a fault strikes as often as it was told, and one replaces another', async t => {
  const { base, faults, refreshToken } = await startAll(t)
  faults.set('refresh-token-revoked', { times: 2 })
  const codes = []
  for (let time = 0; time < 3; time++) codes.push((await refresh(base, refreshToken)).body.error_codes?.[0])
  t.same(codes, [50173, 50173, undefined])
  t.equal(faults.current(), undefined)
  faults.set('sign-in-frequency')
  faults.set('refresh-token-expired')
  t.match((await refresh(base, refreshToken)).body, { suberror: 'bad_token', error_codes: [700082] })
  t.throws(() => faults.set('nonsense' as FaultName), { message: "there is no fault 'nonsense'" })
  t.throws(() => faults.set('mfa', { times: 0 }), RangeError)
  t.equal(faults.current(), 'refresh-token-expired', 'a mistake changes nothing')
})

test('declined consent comes back to the application, and the sign-in page says which fault is on', async t => {
  const { base, faults } = await startAll(t)
  faults.set('consent-declined')
  const { action, ticket, page } = await openSignIn(authorizeUrl(base))
  t.match(page, /The fault <strong>consent-declined<\/strong> is switched on\. Every sign-in ends/)
  const answer = redirected(await submit(action, { ticket, username: 'ada@sandbox.example', do: 'sign-in' }))
  t.match(answer.get('error_description'), /^AADSTS65004: /)
  faults.set(undefined)
  t.notMatch((await openSignIn(authorizeUrl(base))).page, /switched on/)
})

test('the network’s faults: throttled, unavailable, slow, dead, captive, truncated', async t => {
  const { base, faults, asApplication, refreshToken } = await startAll(t)
  const token = () =>
    fetch(`${base}/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: '5a4db0c5-0000-4000-8000-00000000c11e',
        refresh_token: refreshToken,
      }),
    })
  const discovery = () => fetch(`${base}/v2.0/.well-known/openid-configuration`)

  faults.set('throttled')
  const throttled = await token()
  t.match(
    { status: throttled.status, body: await throttled.json() },
    { status: 429, body: { error: 'temporarily_unavailable', error_codes: [90055] } },
  )
  t.equal(throttled.headers.get('retry-after'), '30')
  t.equal((await discovery()).status, 200)

  faults.set('unavailable')
  for (const response of [await token(), await discovery()])
    t.match({ status: response.status, body: await response.json() }, { status: 503, body: { error_codes: [90033] } })
  t.equal((await fetch(`${base}/discovery/v2.0/keys`)).status, 200, 'the keys are the health services’ to fetch')

  faults.set('slow', { times: 1 })
  const started = performance.now()
  t.equal((await token()).status, 200)
  t.ok(performance.now() - started >= 290, 'late, but good')

  faults.set('dead')
  await t.rejects(token(), { message: 'fetch failed' })
  await t.rejects(discovery())

  faults.set('captive-portal')
  for (const response of [await token(), await discovery()]) {
    t.match({ status: response.status, type: response.headers.get('content-type') }, { status: 200, type: /^text\/html/ })
    t.match(await response.text(), /guest network/)
  }

  faults.set('truncated-json', { times: 1 })
  const cut = await token()
  t.equal(cut.status, 200)
  await t.rejects(cut.json(), SyntaxError)
  t.equal((await asApplication()).status, 200, 'switched off')
})

test('a client that gives up on a slow answer leaves nothing behind, and closing does not wait', async t => {
  const identity = await startIdentity()
  identity.faults.set('slow')
  const controller = new AbortController()
  const given = fetch(`${identity.base}/oauth2/v2.0/token`, { method: 'POST', signal: controller.signal })
  controller.abort()
  await t.rejects(given, { name: 'AbortError' })
  await identity.close()
})

test('claims-challenge: both services want a token with the claims, until one comes', async t => {
  const sandbox = await startSandbox()
  t.teardown(sandbox.close)
  const base = `${sandbox.identity.url}/${sandbox.identity.tenantId}`
  const { body } = await redeem(base, (await signIn(authorizeUrl(base))).get('code'))
  const ask = (token: unknown) => fetch(`${sandbox.fhir.url}/Patient?_count=1`, { headers: { authorization: `Bearer ${token}` } })
  t.equal((await ask(body.access_token)).status, 200)
  sandbox.faults.set('claims-challenge')
  const challenged = await ask(body.access_token)
  t.equal(challenged.status, 401)
  const field = challenged.headers.get('www-authenticate') ?? ''
  t.match(field, `Bearer realm="", authorization_uri="${base}/oauth2/v2.0/authorize", error="insufficient_claims", claims="`)
  const [, encoded = ''] = /claims="([^"]+)"/.exec(field) ?? []
  const claims = Buffer.from(encoded, 'base64').toString()
  t.same(JSON.parse(claims), { access_token: { acrs: { essential: true, value: 'c1' } } })

  const stepped = await redeem(base, (await signIn(authorizeUrl(base, { claims }))).get('code'))
  t.match(claimsOf(stepped.body.access_token), { acrs: ['c1'] })
  t.equal((await ask(stepped.body.access_token)).status, 200)
  const refreshed = await refresh(base, body.refresh_token, {
    claims: '{"access_token":{"acrs":{"values":["c1"]},"xms_cc":{"values":["CP1"]}}}',
  })
  t.match(claimsOf(refreshed.body.access_token), { acrs: ['c1'], xms_cc: ['CP1'] })
  t.equal((await ask(refreshed.body.access_token)).status, 200)
  const { body: dicom } = await refresh(base, body.refresh_token, { scope: `${sandbox.dicom.audience}/.default` })
  const refused = await fetch(`${sandbox.dicom.url}/studies`, { headers: { authorization: `Bearer ${dicom.access_token}` } })
  t.match(refused.headers.get('www-authenticate'), /insufficient_claims/)
  sandbox.faults.set(undefined)
  t.equal((await ask(body.access_token)).status, 200)
})

test('clock-skew: tokens are made ahead of time, and the services refuse them as not valid yet', async t => {
  const sandbox = await startSandbox({ fault: 'clock-skew' })
  t.teardown(sandbox.close)
  const base = `${sandbox.identity.url}/${sandbox.identity.tenantId}`
  const { body } = await redeem(base, (await signIn(authorizeUrl(base))).get('code'))
  const { nbf } = claimsOf(body.access_token)
  t.ok(Number(nbf) - Date.now() / 1000 > 590)
  const response = await fetch(`${sandbox.fhir.url}/Patient`, { headers: { authorization: `Bearer ${body.access_token}` } })
  t.equal(response.status, 401)
  t.match(response.headers.get('www-authenticate'), /^Bearer error="invalid_token", error_description="The token is not valid before '/)
})

test('a secret that is refused as expired was good before and is good after', async t => {
  const { base, faults, asApplication, clientSecret } = await startAll(t)
  t.equal((await asApplication()).status, 200)
  faults.set('secret-expired')
  t.match((await asApplication()).body, {
    error: 'invalid_client',
    error_codes: [7000222],
    error_description: new RegExp(confidentialClientId),
  })
  const code = (await signIn(authorizeUrl(base, web))).get('code')
  t.match((await redeem(base, code, { ...web, client_secret: clientSecret })).body, { error_codes: [7000222] })
  faults.set(undefined)
  t.equal((await redeem(base, code, { ...web, client_secret: clientSecret })).status, 200)
})

test('every code of the table is expected by some test', t => {
  const folder = 'test/sandbox'
  const tests = readdirSync(folder).filter(file => /^identity.*\.test\.ts$/.test(file))
  const text = tests
    .map(file => readFileSync(`${folder}/${file}`, 'utf8'))
    .join('\n')
    .replaceAll('_', '')
  const byFault = new Set(faultNames.map(name => (faultTable[name] as Fault).refusal?.code))
  const untested = Object.keys(aadsts).filter(
    code => !byFault.has(Number(code) as keyof typeof aadsts) && !new RegExp(`\\b(AADSTS)?${code}\\b`).test(text),
  )
  t.same(untested, [])
  t.end()
})
