// What is wrong is named, with its remedy and exit code, and nobody sees a stack trace.

import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import t from 'tap'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { startBoth } from '../harness/composed.ts'
import { createHome, hallpass, runHallpass, startDaemon, writeConfig } from '../harness/hallpass.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

const stackTrace = /\bat .*\(?(node:|file:|\/).*:\d+:\d+/

async function hold(host: string, port = 0): Promise<Server & { port: number }> {
  const server = createServer()
  server.listen({ host, port, exclusive: true, ipv6Only: true })
  await once(server, 'listening')
  return Object.assign(server, { port: (server.address() as { port: number }).port })
}

t.test('a wrong registration is named at once, to the waiting request and in the terminal', async t => {
  const unknown = '99999999-9999-4999-8999-999999999999'
  const dicomAudience = 'https://dicom.healthcareapis.azure.com'
  const cases: [string, { profile?: object; fhirRoute?: object }, RegExp, RegExp][] = [
    [
      'an unregistered redirect URI',
      { profile: { redirectUri: 'http://localhost/-/Callback' } },
      /AADSTS50011/,
      /Mobile and desktop applications/,
    ],
    ['an unknown client', { profile: { clientId: unknown } }, /AADSTS700016/, /Application \(client\) ID/],
    ['an unknown tenant', { profile: { tenantId: unknown } }, /AADSTS90002/, /Directory \(tenant\) ID/],
    ['an unknown resource', { fhirRoute: { audience: 'https://nobody.fhir.azurehealthcareapis.com' } }, /AADSTS500011/, /audience/],
    ['an unknown scope', { fhirRoute: { audience: dicomAudience, scopes: [`${dicomAudience}/Dicom.Write`] } }, /AADSTS650053/, /scopes/],
  ]
  for (const [name, options, what, remedy] of cases) {
    const both = await startBoth(t, options as Parameters<typeof startBoth>[1])
    const answer = await fetch(`${both.daemon.url}/fhir/Patient`)
    const { issue } = (await answer.json()) as { issue: { diagnostics: string }[] }
    t.equal(answer.headers.get('hallpass-error'), 'sign-in-refused', name)
    t.match(issue[0]?.diagnostics, what)
    t.match(issue[0]?.diagnostics, remedy)
    t.strictSame(both.opened, [], 'no browser opened')
  }
})

t.test('login in a terminal: the named error, the remedy, exit code 4', async t => {
  const sandbox = await startSandbox()
  const home = createHome()
  const { tenantId, clientId, url } = sandbox.identity
  const profile = { tenantId, clientId, sandbox: url }
  writeConfig(home, {
    port: 0,
    vault: 'memory',
    profiles: { good: profile, bad: { ...profile, redirectUri: 'http://localhost/nowhere' }, idle: profile },
    routes: {
      '/fhir': { origin: sandbox.fhir.url, kind: 'fhir', audience: sandbox.fhir.audience, profile: 'good' },
      '/other': { origin: sandbox.fhir.url, kind: 'fhir', audience: sandbox.fhir.audience, profile: 'bad' },
    },
  })
  const daemon = await startDaemon(home, ['start'])
  t.teardown(async () => {
    await daemon.stop()
    await sandbox.close()
    home.remove()
  })
  const bad = await hallpass(home, ['login', 'bad'])
  t.equal(bad.code, 4)
  t.match(bad.stderr, /^hallpass: Entra ID refused the sign-in: AADSTS50011: [\s\S]*\n {2}→ .*Mobile and desktop applications/)
  t.notMatch(bad.stderr, stackTrace)
  t.match(await hallpass(home, ['login']), { code: 2, stderr: /several profiles: good, bad, idle/ })
  t.match(await hallpass(home, ['login', 'goof']), { code: 2, stderr: /There is no profile goof/ })
  t.match(await hallpass(home, ['login', 'idle']), { code: 2, stderr: /No route uses the profile idle/ })
  t.match(await hallpass(home, ['login', 'good'], { HALLPASS_NO_USER: '1' }), { code: 4, stderr: /Nobody is signed in for profile good/ })
  const login = runHallpass(home, ['login', 'good'])
  const [, link = ''] = await login.printed(/open (http:\/\/\S+)/)
  await signInByForm(link)
  t.match(await login.ended, { code: 0, stderr: /Signed in for good as ada@sandbox\.example/ })
  t.match(await hallpass(home, ['login', 'good']), { code: 0, stderr: /Signed in for good as ada/ }, 'who is signed in is not asked again')
})

t.test('a dead identity provider is named at once', async t => {
  const both = await startBoth(t)
  await both.sandbox.close()
  const answer = await fetch(`${both.daemon.url}/dicom/studies`)
  t.equal(answer.status, 503)
  t.match(await answer.json(), { code: 'entra-unreachable', title: /nothing listens there/ })
})

t.test('a service that is down or breaks off gives 502 of ours', async t => {
  const dead = await hold('127.0.0.1')
  dead.close()
  const both = await startBoth(t, { fhirRoute: { origin: `http://localhost:${dead.port}` } })
  const waiting = fetch(`${both.daemon.url}/fhir/Patient`)
  await signInByForm(await both.opening())
  const answer = await waiting
  t.equal(answer.status, 502)
  t.equal(answer.headers.get('hallpass-error'), 'origin-unreachable')
  t.match(await answer.json(), { resourceType: 'OperationOutcome', issue: [{ diagnostics: /nothing listens there/ }] })

  const broken = await hold('127.0.0.1', dead.port)
  broken.on('connection', socket => socket.once('data', () => socket.end('nonsense\r\n\r\n')).on('error', () => undefined))
  const second = await fetch(`${both.daemon.url}/fhir/Patient`)
  t.equal(second.status, 502)
  t.equal(second.headers.get('hallpass-error'), 'origin-broken')
  broken.close()
})

t.test('a token of the wrong audience: the service’s own refusal passes as it is', async t => {
  const both = await startBoth(t, {
    fhirRoute: { audience: 'https://dicom.healthcareapis.azure.com', scopes: ['https://dicom.healthcareapis.azure.com/Dicom.ReadWrite'] },
  })
  const waiting = fetch(`${both.daemon.url}/fhir/Patient`)
  await signInByForm(await both.opening())
  const answer = await waiting
  t.equal(answer.status, 401)
  t.equal(answer.headers.get('hallpass-error'), null)
  t.match(answer.headers.get('www-authenticate'), /audience/)
  await answer.text()
})

t.test('the port is taken, on either loopback: nothing is left open', async t => {
  for (const host of ['127.0.0.1', '::1']) {
    const held = await hold(host)
    const home = createHome()
    const sandbox = await startSandbox()
    const { tenantId, clientId, url } = sandbox.identity
    writeConfig(home, {
      port: held.port,
      vault: 'memory',
      profiles: { dev: { tenantId, clientId, sandbox: url } },
      routes: { '/fhir': { origin: sandbox.fhir.url, kind: 'fhir', audience: sandbox.fhir.audience, profile: 'dev' } },
    })
    const { code, stdout, stderr } = await hallpass(home, ['start'])
    t.equal(code, 1)
    t.equal(stdout, '')
    t.match(stderr, `hallpass: Port ${held.port} on ${host} is held by another process of yours.`)
    t.match(stderr, /--port PORT/)
    t.notMatch(stderr, stackTrace)
    const other = await hold(host === '::1' ? '127.0.0.1' : '::1', held.port)
    other.close()
    held.close()
    await sandbox.close()
    home.remove()
  }
})

t.test('a second daemon on the port, or on the same keychain item, is told of the first', async t => {
  const home = createHome()
  t.teardown(() => home.remove())
  const first = await startDaemon(home, ['try', '--port', '0'])
  const second = await hallpass(home, ['try', '--port', String(first.port)])
  t.equal(second.code, 1)
  t.match(second.stderr, new RegExp(`A hallpass daemon \\(process ${first.pid}\\) already runs on port ${first.port}`))
  t.equal((await first.stop()).code, 0)
})

t.test('a fault in the configuration: exit 2, the place, the remedy', async t => {
  const home = createHome()
  t.teardown(() => home.remove())
  const missing = await hallpass(home, ['start'])
  t.equal(missing.code, 2)
  t.match(missing.stderr, /There is no configuration at .*hallpass\.jsonc/)
  const path = writeConfig(home, '{\n  "profiles": {},\n  "rotes": {}\n}')
  const misspelt = await hallpass(home, ['start'])
  t.equal(misspelt.code, 2)
  t.match(misspelt.stderr, `hallpass: ${path}:3:3: unknown key "rotes".\n  → Did you mean "routes"?`)
  const usage = await hallpass(home, ['start', '--prot', '1'])
  t.equal(usage.code, 2)
  t.match(usage.stderr, /Unknown option '--prot'/)
  t.equal((await hallpass(home, ['strat'])).code, 2)
  t.equal((await hallpass(home, ['status', '--output', 'xml'])).code, 2)
  for (const { stderr } of [missing, misspelt, usage]) t.notMatch(stderr, stackTrace)
})

t.test('help and version answer, and help names the exit codes', async t => {
  const home = createHome()
  t.teardown(() => home.remove())
  t.match(await hallpass(home, ['--help']), { code: 0, stdout: /Usage[\s\S]*try[\s\S]*Exit codes[\s\S]*4 {2}somebody/ })
  t.match(await hallpass(home, ['start', '--help']), { code: 0, stdout: /--port N [^-]*HALLPASS_PORT[\s\S]*Exit codes/ })
  t.match(await hallpass(home, ['--version']), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ })
  t.match(await hallpass(home, []), { code: 2, stdout: /Usage/ })
  for (const verb of ['status', 'stop', 'login', 'logout', 'token'])
    t.equal((await hallpass(home, [verb])).code, 3, `${verb} without a daemon`)
})
