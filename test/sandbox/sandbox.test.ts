// The sandbox as a whole: three services on both loopbacks that trust each other's tokens, in this process and in one of its own.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import { generateKeyPair, SignJWT } from 'jose'
import { type Test, test } from 'tap'
import type { ObservedExchange } from '../../src/sandbox/contract.ts'
import { faultNames } from '../../src/sandbox/identity/fault-table.ts'
import { people } from '../../src/sandbox/people.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { confidentialClientId, dicomAudience, fhirAudience, tenantId } from '../../src/sandbox/tenant.ts'
import { createVerifier } from '../../src/sandbox/token-check.ts'
import { authorizeUrl, dicomScope, fhirScope, post, redeem, refresh, signIn, startIdentity } from './identity-client.ts'

async function tokensOf({ identity }: Pick<Sandbox, 'identity'>, username?: string): Promise<{ fhir: string; dicom: string }> {
  const base = `${identity.url}/${identity.tenantId}`
  const { body } = await redeem(base, (await signIn(authorizeUrl(base), username)).get('code'))
  const second = await refresh(base, body.refresh_token, { scope: dicomScope })
  return { fhir: body.access_token ?? '', dicom: second.body.access_token ?? '' }
}

const ask = (url: string, token: string, init: RequestInit = {}) =>
  fetch(url, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } })

test('both services answer to who signed in, by role, and to their own audience only', async t => {
  const sandbox = await startSandbox()
  t.teardown(sandbox.close)
  t.match(sandbox.dicom.url, /^http:\/\/localhost:\d+\/v2$/)
  const patient = { method: 'POST', body: '{"resourceType":"Patient"}', headers: { 'content-type': 'application/fhir+json' } }
  for (const [username, reads, writes] of [
    ['ada@sandbox.example', 200, 201],
    ['ben@sandbox.example', 200, 403],
    ['nora@sandbox.example', 403, 403],
  ] as const) {
    const tokens = await tokensOf(sandbox, username)
    t.equal((await ask(`${sandbox.fhir.url}/Patient?_count=1`, tokens.fhir)).status, reads, `${username} reads FHIR`)
    t.equal((await ask(`${sandbox.fhir.url}/Patient`, tokens.fhir, patient)).status, writes, `${username} writes FHIR`)
    t.equal((await ask(`${sandbox.dicom.url}/studies`, tokens.dicom)).status, reads, `${username} reads DICOM`)
  }
  const { fhir, dicom } = await tokensOf(sandbox)
  const crossed = await ask(`${sandbox.fhir.url}/Patient`, dicom)
  t.equal(crossed.status, 401)
  t.match(crossed.headers.get('www-authenticate'), `error_description="The audience '${dicomAudience}' is invalid"`)
  t.equal((await ask(`${sandbox.dicom.url}/studies`, fhir)).status, 401)
  const without = await fetch(`${sandbox.fhir.url}/Patient`)
  t.match(without.headers.get('www-authenticate'), `authorization_uri="${sandbox.identity.url}/${tenantId}"`)
})

test('an application by itself may do what its service principal was assigned, and nothing without', async t => {
  const roleless = { appId: '55555555-aaaa-4bbb-8ccc-000000000001', displayName: 'Roleless', secrets: [{ value: 'a test secret' }] }
  const sandbox = await startSandbox({ applications: [roleless] })
  t.teardown(sandbox.close)
  const patient = { method: 'POST', body: '{"resourceType":"Patient"}', headers: { 'content-type': 'application/fhir+json' } }
  for (const [appId, reads, writes] of [
    [confidentialClientId, 200, 201],
    [roleless.appId, 403, 403],
  ] as const) {
    const tokenFor = (audience: string) => applicationToken(sandbox, appId, audience)
    const [fhir, dicom] = [await tokenFor(sandbox.fhir.audience), await tokenFor(sandbox.dicom.audience)]
    t.equal((await ask(`${sandbox.fhir.url}/Patient?_count=1`, fhir)).status, reads)
    t.equal((await ask(`${sandbox.fhir.url}/Patient`, fhir, patient)).status, writes)
    t.equal((await ask(`${sandbox.dicom.url}/studies`, dicom)).status, reads)
    t.equal((await ask(`${sandbox.fhir.url}/Patient`, dicom)).status, 401, 'the audience counts all the same')
  }
})

test('a service may have a resource application of the tenant’s own as its audience', async t => {
  const resource = { displayName: 'Our FHIR', identifiers: ['api://our-fhir'], scopes: ['user_impersonation'], roles: [] }
  const sandbox = await startSandbox({ resources: [resource], audiences: { fhir: 'api://our-fhir' } })
  t.teardown(sandbox.close)
  t.equal(sandbox.fhir.audience, 'api://our-fhir')
  const token = await applicationToken(sandbox, confidentialClientId, 'api://our-fhir')
  t.equal((await ask(`${sandbox.fhir.url}/Patient?_count=1`, token)).status, 200)
  const azure = await applicationToken(sandbox, confidentialClientId, fhirAudience)
  t.equal((await ask(`${sandbox.fhir.url}/Patient?_count=1`, azure)).status, 401)
})

async function applicationToken({ identity, applications }: Sandbox, appId: string, audience: string): Promise<string> {
  const { secrets = [] } = applications.find(application => application.appId === appId) ?? {}
  const fields = { grant_type: 'client_credentials', client_id: appId, client_secret: secrets[0]?.value, scope: `${audience}/.default` }
  const { body } = await post(`${identity.url}/${identity.tenantId}`, fields)
  return body.access_token ?? ''
}

test('settings: clock, life of tokens, redirect URIs, ports', async t => {
  let ahead = 0
  const clock = () => Date.now() + ahead
  const port = await freePort()
  const sandbox = await startSandbox({ clock, accessTokenSeconds: 60, ports: { fhir: port }, redirectUris: ['https://app.example/back'] })
  t.teardown(sandbox.close)
  t.equal(sandbox.fhir.url, `http://localhost:${port}`)
  t.ok(sandbox.identity.redirectUris.includes('https://app.example/back'))
  const { fhir } = await tokensOf(sandbox)
  t.equal((await ask(`${sandbox.fhir.url}/Patient?_count=1`, fhir)).status, 200)
  ahead = 60_000 + 5 * 60_000 - 5_000
  t.equal((await ask(`${sandbox.fhir.url}/Patient?_count=1`, fhir)).status, 200, 'clocks may differ by five minutes')
  ahead = 61_000 + 5 * 60_000
  const expired = await ask(`${sandbox.fhir.url}/Patient?_count=1`, fhir)
  t.equal(expired.status, 401)
  t.match(expired.headers.get('www-authenticate'), /error_description="The token expired at '\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d'"/)
})

test('tokens live 60 to 90 minutes unless told otherwise', async t => {
  const sandbox = await startSandbox()
  t.teardown(sandbox.close)
  const base = `${sandbox.identity.url}/${tenantId}`
  const { body } = await redeem(base, (await signIn(authorizeUrl(base))).get('code'))
  t.ok(Number(body.expires_in) >= 3600 && Number(body.expires_in) <= 5400, `${body.expires_in} s`)
})

test('an observer sees each answer of each service, and the grant type', async t => {
  const sandbox = await startSandbox()
  t.teardown(sandbox.close)
  const seen: ObservedExchange[] = []
  sandbox.observer.on('exchange', exchange => seen.push(exchange))
  const { fhir, dicom } = await tokensOf(sandbox)
  await ask(`${sandbox.fhir.url}/Patient?_count=1`, fhir)
  await ask(`${sandbox.dicom.url}/studies?limit=1`, dicom)
  const summary = seen.map(({ service, method, target, status, grantType }) => [
    service,
    method,
    target.replace(/\?.*/s, ''),
    status,
    grantType,
  ])
  t.strictSame(summary, [
    ['identity', 'GET', `/${tenantId}/oauth2/v2.0/authorize`, 200, undefined],
    ['identity', 'POST', `/${tenantId}/login`, 302, undefined],
    ['identity', 'POST', `/${tenantId}/oauth2/v2.0/token`, 200, 'authorization_code'],
    ['identity', 'POST', `/${tenantId}/oauth2/v2.0/token`, 200, 'refresh_token'],
    ['identity', 'GET', `/${tenantId}/discovery/v2.0/keys`, 200, undefined],
    ['fhir', 'GET', '/Patient', 200, undefined],
    ['identity', 'GET', `/${tenantId}/discovery/v2.0/keys`, 200, undefined],
    ['dicom', 'GET', '/v2/studies', 200, undefined],
  ])
  t.equal(seen[5]?.target, '/Patient?_count=1')
  t.ok(seen[5]?.rawHeaders.includes(`Bearer ${fhir}`))
})

test('the verifier takes what the identity provider signed for this audience, now, and says what is wrong with all else', async t => {
  const identity = await startIdentity()
  t.teardown(identity.close)
  const clock = () => Date.now() + identity.time.ahead
  const issuer = `https://sts.windows.net/${tenantId}/`
  const verify = createVerifier({ jwksUrl: `${identity.base}/discovery/v2.0/keys`, issuer, audience: fhirAudience, clock })
  const now = Math.floor(Date.now() / 1000)
  const good = { aud: fhirAudience, iss: issuer, oid: 'o', tid: tenantId, appid: 'a', appidacr: '0', exp: now + 60 }
  const verdict = async (claims: Record<string, unknown>) => verify(`Bearer ${await identity.key.sign({ ...good, ...claims })}`)

  t.match(await verdict({}), { ok: true, claims: good })
  t.match(await verdict({ aud: `${fhirAudience}/` }), { ok: true }, 'a trailing slash makes no other audience')
  t.match(await verify(`bearer  ${await identity.key.sign(good)}`), { ok: true }, 'the scheme is case-insensitive')
  t.same(await verify(undefined), { ok: false, reason: 'missing', description: '' })
  t.match(await verdict({ aud: dicomAudience }), {
    ok: false,
    reason: 'audience',
    description: `The audience '${dicomAudience}' is invalid`,
  })
  t.match(await verdict({ aud: undefined }), { ok: false, reason: 'audience', description: "The audience '(null)' is invalid" })
  t.match(await verdict({ iss: 'https://evil.example/' }), {
    reason: 'issuer',
    description: "The issuer 'https://evil.example/' is invalid",
  })
  t.match(await verdict({ exp: 1_767_225_600 }), { reason: 'expired', description: "The token expired at '01/01/2026 00:00:00'" })
  t.match(await verdict({ nbf: now + 600 }), { ok: false, reason: 'expired', description: /^The token is not valid before '/ })
  t.match(await verdict({ exp: undefined }), { ok: false, reason: 'malformed' })
  t.match(await verdict({ oid: undefined }), { ok: false, reason: 'malformed' })
  for (const field of ['', 'Bearer', 'Bearer ', 'Bearer a b', 'Bearer a.b.c', 'Basic YTpi', 'Bearer e30.e30.'])
    t.match(await verify(field), { ok: false, reason: /malformed|signature/ }, `'${field}'`)

  const { privateKey } = await generateKeyPair('RS256')
  const forge = (kid: string) => new SignJWT(good).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey)
  const { kid = '', n = '' } = identity.key.publicJwk
  t.match(await verify(`Bearer ${await forge(kid)}`), { reason: 'signature', description: 'The signature is invalid' })
  t.match(await verify(`Bearer ${await forge('another')}`), { reason: 'signature', description: 'The signature key was not found' })
  const confused = await new SignJWT(good).setProtectedHeader({ alg: 'HS256', kid }).sign(new TextEncoder().encode(n))
  t.match(await verify(`Bearer ${confused}`), { ok: false, reason: 'signature' }, 'the public key is no shared secret')
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(good)).toString('base64url')}.`
  t.match(await verify(`Bearer ${unsigned}`), { ok: false, reason: 'signature' })
})

test('the people are made up and distinct', t => {
  t.equal(new Set(people.map(({ oid }) => oid)).size, people.length)
  for (const { username, hindrance } of people) t.match(username, hindrance === 'foreign' ? /@elsewhere\.example$/ : /@sandbox\.example$/)
  t.end()
})

test('a taken port is named, and nothing is left listening', async t => {
  for (const host of ['127.0.0.1', '::1']) {
    const taken = await occupy(host)
    const [identity, fhir] = [await freePort(), await freePort()]
    const failure = await startSandbox({ ports: { identity, fhir, dicom: taken.port } }).then(
      () => t.fail('it started'),
      error => error,
    )
    t.equal(failure.message, `cannot listen on port ${taken.port} of ${host}: it is taken`)
    await t.rejects(fetch(`http://localhost:${identity}`))
    taken.server.close()
  }
})

test('close ends idle and busy connections at once', async t => {
  const sandbox = await startSandbox()
  await fetch(`${sandbox.fhir.url}/metadata`)
  const { port } = new URL(sandbox.fhir.url)
  const upload = connect(Number(port), '127.0.0.1')
  upload.write('POST /Patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n')
  await once(upload, 'data')
  const ended = once(upload.resume(), 'close')
  await sandbox.close()
  await ended
  await t.rejects(fetch(`http://127.0.0.1:${port}/metadata`))
  await sandbox.close()
})

const entry = 'dist/src/sandbox/main.js'

function run(t: Test, flags: string[]) {
  const child = spawn(process.execPath, [entry, ...flags])
  t.teardown(() => child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.on('data', chunk => (stderr += chunk))
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }))
  return { child, ended }
}

async function readyLine(child: ChildProcessWithoutNullStreams) {
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return JSON.parse(line)
}

test('as a process it prints one line when ready, and ends when stdin does', async t => {
  const { child, ended } = run(t, ['--until-stdin-ends', '--redirect-uri', 'https://app.example/back', '--access-token-seconds', '77'])
  const ready = await readyLine(child)
  t.match(ready, {
    ready: true,
    identity: { url: /^http:\/\/localhost:\d+$/, tenantId, clientId: String, redirectUris: Array },
    fhir: { url: /^http:\/\/localhost:\d+$/, audience: fhirAudience },
    dicom: { url: /^http:\/\/localhost:\d+\/v2$/, audience: dicomAudience },
    people: people.map(({ name, username }) => ({ name, username })),
  })
  t.ok(ready.identity.redirectUris.includes('https://app.example/back'))
  const base = `${ready.identity.url}/${tenantId}`
  const { body } = await redeem(base, (await signIn(authorizeUrl(base, { scope: fhirScope }))).get('code'))
  t.equal(body.expires_in, 77)
  t.equal((await ask(`${ready.fhir.url}/Patient?_count=1`, body.access_token ?? '')).status, 200)
  child.stdin.end()
  t.same(await ended, { code: 0, signal: null, stderr: '' })
})

test('the ready line tells the fault that is on, and the confidential client’s secret only when it was asked to', async t => {
  const secretive = run(t, ['--until-stdin-ends', '--fault', 'refresh-token-revoked'])
  const quiet = await readyLine(secretive.child)
  t.match(quiet.fault, { name: 'refresh-token-revoked', description: /\(50173, bad_token\)/ })
  t.notMatch(JSON.stringify(quiet), /8Q~|ecret/)
  const base = `${quiet.identity.url}/${tenantId}`
  const { body } = await redeem(base, (await signIn(authorizeUrl(base))).get('code'))
  t.match((await refresh(base, body.refresh_token)).body, { error_codes: [50173] })
  secretive.child.stdin.end()
  await secretive.ended

  const { child, ended } = run(t, ['--until-stdin-ends', '--with-confidential-client'])
  const { identity, fault, confidentialClient } = await readyLine(child)
  t.equal(fault, undefined)
  t.match(confidentialClient, { clientId: confidentialClientId, objectId: String, clientSecret: /^.{3}8Q~.{34}$/ })
  const fields = { grant_type: 'client_credentials', client_id: confidentialClientId, client_secret: confidentialClient.clientSecret }
  const own = await post(`${identity.url}/${tenantId}`, { ...fields, scope: `${dicomAudience}/.default` })
  t.equal(own.status, 200)
  child.stdin.end()
  t.same(await ended, { code: 0, signal: null, stderr: '' })
})

test('SIGTERM and SIGINT end it, and SIGUSR1 opens no inspector', async t => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { child, ended } = run(t, [])
    const { identity } = await readyLine(child)
    child.kill('SIGUSR1')
    t.equal((await fetch(`${identity.url}/${tenantId}/discovery/v2.0/keys`)).status, 200)
    child.kill(signal)
    t.same(await ended, { code: 0, signal: null, stderr: '' }, 'and no word of a debugger')
  }
})

test('what it cannot do it says in one line', async t => {
  const taken = await occupy('127.0.0.1')
  t.teardown(() => taken.server.close())
  const failures: [string[], number, RegExp][] = [
    [['--fhir-port', String(taken.port)], 1, /^sandbox: cannot listen on port \d+ of 127\.0\.0\.1: it is taken\n$/],
    [['--fhir-port', '65536'], 2, /^sandbox: --fhir-port must be a number from 0 to 65535, not '65536' \(see --help\)\n$/],
    [['--access-token-seconds', 'soon'], 2, /^sandbox: --access-token-seconds must be a number[^\n]*\n$/],
    [['--redirect-uri', 'localhost'], 2, /^sandbox: --redirect-uri must be an absolute http or https URI[^\n]*\n$/],
    [['--fault', 'gremlins'], 2, /^sandbox: there is no fault 'gremlins'; there are mfa, .*clock-skew \(see --help\)\n$/],
    [['--colour'], 2, /^sandbox: Unknown option '--colour'[^\n]*\n$/],
    [['surplus'], 2, /^sandbox: Unexpected argument 'surplus'[^\n]*\n$/],
  ]
  for (const [flags, code, stderr] of failures) t.match(await run(t, flags).ended, { code, stderr }, flags.join(' '))
  const { child, ended } = run(t, ['--help'])
  const [help] = await once(child.stdout, 'data')
  t.match(String(help), /--until-stdin-ends/)
  for (const name of faultNames) t.match(String(help), new RegExp(`^  ${name} +[A-Z].*\\.$`, 'm'))
  t.match(await ended, { code: 0, stderr: '' })
})

/** A port that somebody else has on one loopback address. */
async function occupy(host: string): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { server, port: address.port }
}

async function freePort(): Promise<number> {
  const { server, port } = await occupy('127.0.0.1')
  await new Promise(resolve => server.close(resolve))
  return port
}
