// An authority that MSAL has to ask for its endpoints: whatever goes wrong, the true cause is told, and nobody else is asked.
import { once } from 'node:events'
import { createServer } from 'node:https'
import t, { type Test } from 'tap'
import { Agent } from 'undici'
import { createOutbound } from '../../src/network/outbound.ts'
import { tlsOptions } from '../../src/network/tls.ts'
import { knownAuthorityHosts } from '../../src/terms/authority-host.ts'
import { createAuthority } from '../fixtures/authority.ts'
import { type Rig, startRig } from '../harness/identity.ts'

const authority = await createAuthority()
const limits = { connectTimeout: 5_000, silenceTimeout: 5_000, answerTimeout: 5_000, maxHeadBytes: 16_384, maxConnections: 16 }

/** What a sign-in says when discovery is answered so; `trusted` says whether the machine knows the authority of its certificate. */
async function refusal(t: Test, rig: Rig, answer: (host: string) => { status?: number; body: string }, trusted = true): Promise<Error> {
  const asked: string[] = []
  const server = createServer(await authority.issue(['localhost']), (request, response) => {
    asked.push(request.url ?? '')
    const { status = 200, body } = answer(request.headers.host ?? '')
    response.writeHead(status).end(body)
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  const host = `localhost:${(server.address() as { port: number }).port}`
  const failure = await begin(t, rig, host, trusted)
  t.ok(
    asked.every(url => url.includes('/.well-known/openid-configuration')),
    'it is asked for nothing else',
  )
  return failure
}

/** What comes of it when somebody signs in, or an application gets its token. */
async function begin(t: Test, rig: Rig, authorityHost: string, trusted: boolean): Promise<Error> {
  const origins: string[] = []
  const outbound = createOutbound({ httpProxy: undefined, httpsProxy: undefined, noProxy: undefined }, limits, {
    ...tlsOptions({ caFile: '', nodeExtraCaCerts: undefined }),
    ...(trusted && { ca: authority.certificate }),
  })
  t.teardown(outbound.close)
  const dispatcherFor = (origin: string) => {
    origins.push(origin)
    return outbound.dispatcherFor(origin)
  }
  const identity = rig.restarted({ dispatcherFor, profile: { ...rig.profile, sandbox: undefined, authorityHost } })
  const finish = async () => {
    if (rig.profile.flow === 'client-credentials') return identity.silently(rig.fhir)
    const authorization = await identity.begin(rig.fhir)
    return authorization.kind === 'code'
      ? authorization.redeem({ state: authorization.state, code: 'c', clientInfo: undefined })
      : undefined
  }
  const failure = await finish().then(
    () => new Error('it began'),
    (error: Error) => error,
  )
  t.strictSame(new Set(origins), new Set([`https://${authorityHost}`]), 'nobody else is asked')
  return failure
}

t.test('the true cause instead of endpoints_resolution_error', async t => {
  const rig = await startRig(t)
  const html = { body: '<html>Please sign in to the guest network</html>' }
  t.match(await refusal(t, rig, () => html), { code: 'entra-unclear', message: /a web page came instead of JSON/ })
  t.match(await refusal(t, rig, () => html, false), { code: 'entra-unreachable', message: /signed by an unknown authority/ })
  t.match(await refusal(t, rig, () => ({ status: 503, body: '' })), { code: 'entra-unreachable', message: /it answered 503/ })
  t.match(await begin(t, rig, 'localhost:1', true), { code: 'entra-unreachable', message: /nothing listens there/ })
  const tenant = { error: 'invalid_tenant', error_description: "AADSTS90002: Tenant 'x' not found.\r\nTrace ID: y" }
  t.match(await refusal(t, rig, () => ({ status: 400, body: JSON.stringify(tenant) })), {
    code: 'token-refused',
    message: /AADSTS90002: Tenant 'x' not found/,
  })
})

t.test('a discovery document that leads elsewhere is not followed', async t => {
  const rig = await startRig(t)
  const document = (issuer: string, host: string) => ({
    body: JSON.stringify({
      issuer,
      authorization_endpoint: `https://${host}/authorize`,
      token_endpoint: `https://${host}/token`,
      jwks_uri: `https://${host}/keys`,
    }),
  })
  t.match(await refusal(t, rig, host => document('https://evil.example/tid', host)), {
    code: 'token-refused',
    message: /discovery document does not fit its address/,
  })
  t.match(await refusal(t, rig, host => document(`https://${host}/tid/v2.0`, 'evil.example')), {
    code: 'entra-unclear',
    message: /names an authorization endpoint outside of itself/,
  })
})

t.test('a token endpoint, or one for device codes, at another place hears no code, secret or refresh token', async t => {
  const document = (host: string) => ({
    body: JSON.stringify({
      issuer: `https://${host}/tid/v2.0`,
      authorization_endpoint: `https://${host}/authorize`,
      token_endpoint: 'https://evil.example/token',
      device_authorization_endpoint: 'https://evil.example/devicecode',
      jwks_uri: `https://${host}/keys`,
    }),
  })
  const credential = () => ({ kind: 'secret', secret: 'a value for this test, of no use elsewhere' }) as const
  for (const [profile, more] of [
    [{ flow: 'authorization-code' }, {}],
    [{ flow: 'device-code' }, {}],
    [{ flow: 'client-credentials', credential: 'secret' }, { credential }],
  ] as const) {
    const rig = await startRig(t, { profile, ...more })
    t.match(await refusal(t, rig, document), { code: 'entra-unclear', message: /endpoint outside of itself/ }, profile.flow)
  }
})

t.test('a device code is asked for once the endpoints are known', async t => {
  const server = createServer(await authority.issue(['localhost']), ({ method, headers: { host } }, response) => {
    const [issuer, endpoint] = [`https://${host}/tid/v2.0`, (name: string) => `https://${host}/${name}`]
    const endpoints = { authorization_endpoint: endpoint('authorize'), token_endpoint: endpoint('token'), jwks_uri: endpoint('keys') }
    const code = { device_code: 'd', user_code: 'ABCDEFGHJ', verification_uri: endpoint('device'), expires_in: 900 }
    response.end(JSON.stringify(method === 'GET' ? { issuer, ...endpoints } : code))
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const agent = new Agent({ connect: { ca: authority.certificate } })
  t.teardown(async () => {
    await agent.destroy()
    server.close().closeAllConnections()
  })
  const rig = await startRig(t, { profile: { flow: 'device-code' } })
  const authorityHost = `localhost:${(server.address() as { port: number }).port}`
  const identity = rig.restarted({ dispatcherFor: () => agent, profile: { ...rig.profile, sandbox: undefined, authorityHost } })
  const authorization = await identity.begin(rig.fhir)
  t.match(authorization, { kind: 'device', userCode: 'ABCDEFGHJ' })
  if (authorization.kind === 'device') authorization.cancel()
})

t.test('every host that is Microsoft’s is known without a question, by whichever of its names', async t => {
  const rig = await startRig(t)
  for (const authorityHost of knownAuthorityHosts) {
    const profile = { ...rig.profile, sandbox: undefined, authorityHost }
    const identity = rig.restarted({ profile, dispatcherFor: origin => t.fail(`${origin} was asked`) as never })
    const authorization = await identity.begin(rig.fhir)
    const { origin } = new URL(authorization.kind === 'code' ? authorization.url : '')
    t.equal(origin, identity.authorizationOrigin, authorityHost)
    t.ok(knownAuthorityHosts.includes(new URL(origin).host))
    t.strictSame(await askedForToken(t, profile), [origin], 'and its token endpoint is there')
  }
})

/** The origins that are asked when an application at this authority gets its token, on a machine without a network. */
async function askedForToken(t: Test, profile: Rig['profile']): Promise<string[]> {
  const asked: string[] = []
  const nowhere = new Agent({ connect: (_options, callback) => callback(new Error('no network'), null) })
  const dispatcherFor = (origin: string) => {
    asked.push(origin)
    return nowhere
  }
  const rig = await startRig(t, {
    profile: { ...profile, flow: 'client-credentials', credential: 'secret' },
    credential: () => ({ kind: 'secret', secret: 'a value for this test, of no use elsewhere' }),
  })
  await t.rejects(rig.restarted({ dispatcherFor }).silently(rig.fhir), { code: 'entra-unreachable' })
  return asked
}
