// With an OS keychain: signed in once, signed in after a restart, and the token is nowhere but there.
import t, { type Test } from 'tap'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { filesUnder, processTexts } from '../fixtures/traces.ts'
import { startSecretService } from '../fixtures/with-secret-service.ts'
import { createHome, type Home, hallpass, recordingBrowser, startDaemon, writeConfig } from '../harness/hallpass.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

function configure(home: Home, sandbox: Sandbox): void {
  const { tenantId, clientId, url } = sandbox.identity
  writeConfig(home, {
    port: 0,
    profiles: { dev: { tenantId, clientId, sandbox: url } },
    routes: {
      '/fhir': { origin: sandbox.fhir.url, kind: 'fhir', audience: sandbox.fhir.audience, profile: 'dev' },
      '/dicom': { origin: sandbox.dicom.url, kind: 'dicom', audience: sandbox.dicom.audience, profile: 'dev' },
    },
  })
}

async function prepare(t: Test) {
  const keyring = await startSecretService()
  const sandbox = await startSandbox()
  const home = createHome({ DBUS_SESSION_BUS_ADDRESS: keyring.env.DBUS_SESSION_BUS_ADDRESS ?? '' })
  const recorder = recordingBrowser(home)
  configure(home, sandbox)
  t.teardown(async () => {
    await sandbox.close()
    await keyring.stop()
    home.remove()
  })
  return { keyring, sandbox, home, recorder }
}

t.test('stop, start: no browser, same answers; the item is in the keychain, the token nowhere else', async t => {
  const { keyring, sandbox, home, recorder } = await prepare(t)
  const exchanges: (string | undefined)[] = []
  const secrets = new Set<string>()
  sandbox.observer.on('exchange', ({ grantType, rawHeaders }) => {
    exchanges.push(grantType)
    const authorization = rawHeaders[rawHeaders.findIndex(name => name.toLowerCase() === 'authorization') + 1]
    if (authorization?.startsWith('Bearer ')) secrets.add(authorization.slice('Bearer '.length))
  })

  const first = await startDaemon(home, ['start'], { env: recorder.env })
  t.match(first.stdout(), /tokens rest in +the OS keychain/)
  const waiting = fetch(`${first.url}/fhir/Patient?_count=1`)
  await signInByForm(await recorder.opening())
  t.equal((await waiting).status, 200)
  t.equal((await first.stop()).code, 0)

  const second = await startDaemon(home, ['start'], { env: recorder.env })
  for (const path of ['fhir/Patient?_count=1', 'dicom/studies']) t.equal((await fetch(`${second.url}/${path}`)).status, 200, path)
  t.equal(recorder.opened().length, 1, 'no browser opened after the restart')
  t.equal(exchanges.filter(grant => grant === 'authorization_code').length, 1)

  const item = await keyring.secretTool(['lookup', 'service', 'hallpass', 'username', 'vault'])
  t.match(item, /"version":\d+/, 'secret-tool sees the item')
  const { stdout: asked } = await hallpass(home, ['token', 'fhir'])
  secrets.add(asked.trim())
  for (const [, refresh] of item.matchAll(/\\"secret\\":\\"([^"\\]{40,})\\"/g)) secrets.add(refresh ?? '')
  t.ok(secrets.size >= 3, 'access tokens and the refresh token are looked for')
  t.equal((await second.stop()).code, 0)

  const texts = new Map<string, string>([
    ...[...filesUnder(home.path)].filter(([path]) => path !== recorder.file),
    ['processes', processTexts()],
    ['output of the first', first.stdout() + first.stderr()],
    ['output of the second', second.stdout() + second.stderr()],
  ])
  for (const [where, text] of texts) for (const secret of secrets) t.notOk(text.includes(secret), `${where} holds no token`)
})

t.test('argv and environment hold no token while the daemon works and its keychain child runs', async t => {
  const { keyring, home, recorder } = await prepare(t)
  const daemon = await startDaemon(home, ['start'], { env: recorder.env })
  const waiting = fetch(`${daemon.url}/fhir/Patient?_count=1`)
  await signInByForm(await recorder.opening())
  await waiting
  const { stdout } = await hallpass(home, ['token'])
  const refresh =
    /\\"secret\\":\\"([^"\\]{40,})\\"/.exec(await keyring.secretTool(['lookup', 'service', 'hallpass', 'username', 'vault']))?.[1] ?? ''
  t.ok(refresh)
  const texts = processTexts()
  t.notOk(texts.includes(stdout.trim()))
  t.notOk(texts.includes(refresh))
  await daemon.stop()
})

t.test('logout removes the item, and a later start finds nobody signed in', async t => {
  const { keyring, home, recorder } = await prepare(t)
  const daemon = await startDaemon(home, ['start'], { env: recorder.env })
  const waiting = fetch(`${daemon.url}/fhir/Patient?_count=1`)
  await signInByForm(await recorder.opening())
  await waiting
  t.equal((await hallpass(home, ['logout', '--all'])).code, 0)
  await t.rejects(keyring.secretTool(['lookup', 'service', 'hallpass', 'username', 'vault']), 'the item is gone')
  await daemon.stop()
  const again = await startDaemon(home, ['start'])
  t.match((await hallpass(home, ['status'])).stdout, /nobody is signed in/)
  await again.stop()
})

t.test('without a keychain tokens rest in memory, and this is said', async t => {
  const home = createHome()
  const sandbox = await startSandbox()
  configure(home, sandbox)
  t.teardown(async () => {
    await sandbox.close()
    home.remove()
  })
  const daemon = await startDaemon(home, ['start'])
  t.match(daemon.stdout(), /tokens rest in +.*memory/)
  t.match(daemon.stderr(), /no usable OS keychain/)
  t.match((await hallpass(home, ['status'])).stdout, /memory/)
  await daemon.stop()
  const strict = await hallpass(home, ['start', '--vault', 'keychain'])
  t.equal(strict.code, 1)
  t.match(strict.stderr, /no usable OS keychain/)
})

t.test('a second daemon does not share the keychain item', async t => {
  const { home, recorder } = await prepare(t)
  const first = await startDaemon(home, ['start'], { env: recorder.env })
  const second = await hallpass(home, ['start'])
  t.equal(second.code, 1)
  t.match(second.stderr, `Another hallpass daemon (process ${first.pid}, port ${first.port}) keeps its tokens in the same vault`)
  await first.stop()
})
