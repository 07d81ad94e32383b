// An application that acts for itself: client credentials with a secret from the vault, end to end.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { startSecretService } from '../fixtures/with-secret-service.ts'
import { createHome, type Ended, type Home, hallpass, startDaemon, writeConfig } from '../harness/hallpass.ts'

const clientId = '0f0f0f0f-1111-4222-8333-444444444444'

async function startTenant(): Promise<{ sandbox: Sandbox; secret: string; secretId: string }> {
  const sandbox = await startSandbox({
    applications: [
      {
        displayName: 'batch job',
        appId: clientId,
        secrets: [{}],
        dataRoles: ['FHIR Data Contributor', 'DICOM Data Owner'],
        redirectUris: { web: ['http://localhost/-/callback'] },
      },
    ],
  })
  const [secret] = sandbox.applications.find(({ appId }) => appId === clientId)?.secrets ?? []
  return { sandbox, secret: secret?.value ?? '', secretId: secret?.id ?? '' }
}

function configure(home: Home, { identity, fhir, dicom }: Sandbox, more: object = {}): string {
  return writeConfig(home, {
    port: 0,
    profiles: { job: { tenantId: identity.tenantId, clientId, flow: 'client-credentials', credential: 'secret', sandbox: identity.url } },
    routes: {
      '/fhir': { origin: fhir.url, kind: 'fhir', audience: fhir.audience, profile: 'job' },
      '/dicom': { origin: dicom.url, kind: 'dicom', audience: dicom.audience, profile: 'job' },
    },
    ...more,
  })
}

/** `hallpass …args` with something on its standard input. */
function piped(home: Home, args: string[], input: string): Promise<Ended> {
  const child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, 'dist/src/main.js', ...args], {
    env: home.env,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part
    })
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code, ...text }))
  })
}

async function prepare(t: Test) {
  const tenant = await startTenant()
  const keyring = await startSecretService()
  const home = createHome({ DBUS_SESSION_BUS_ADDRESS: keyring.env.DBUS_SESSION_BUS_ADDRESS ?? '' })
  t.teardown(async () => {
    await tenant.sandbox.close()
    await keyring.stop()
    home.remove()
  })
  configure(home, tenant.sandbox)
  return { ...tenant, keyring, home }
}

t.test('a secret goes into the vault by standard input, and the application gets its answers without a person', async t => {
  const { sandbox, secret, secretId, keyring, home } = await prepare(t)
  t.match(await hallpass(home, ['secret', 'list']), { code: 0, stdout: /job +missing/ })
  t.match(
    await piped(home, ['secret', 'set', 'job'], secretId),
    { code: 2, stderr: /Secret ID, not the secret/ },
    'a Secret ID is told apart',
  )
  t.match(await piped(home, ['secret', 'set', 'job'], ''), { code: 2, stderr: /No secret was given/ })
  t.match(await piped(home, ['secret', 'set', 'jab'], secret), { code: 2, stderr: /There is no profile jab/ })
  t.match(await piped(home, ['secret', 'set', 'job'], `${secret}\n`), {
    code: 0,
    stderr: /rests in the OS keychain.*\n +expires .*assumed/,
  })
  t.match(await hallpass(home, ['secret', 'list']), { code: 0, stdout: /job +kept/ })
  t.ok((await keyring.secretTool(['lookup', 'service', 'hallpass', 'username', 'vault'])).includes(secret))

  const tokens: (string | undefined)[] = []
  sandbox.observer.on('exchange', ({ grantType }) => tokens.push(grantType))
  const daemon = await startDaemon(home, ['start'])
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) => fetch(`${daemon.url}/${index % 2 ? 'fhir/Patient?_count=1' : 'dicom/studies'}`)),
  )
  t.strictSame(new Set(answers.map(({ status }) => status)), new Set([200]))
  t.equal(
    tokens.filter(grant => grant === 'client_credentials').length,
    2,
    'one token request for each audience, though ten callers came at once',
  )
  t.match((await hallpass(home, ['status'])).stdout, new RegExp(`signed in as application ${clientId}`))
  const { stdout } = await hallpass(home, ['token', 'fhir'])
  const claims = JSON.parse(Buffer.from(stdout.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
  t.match(claims, { appid: clientId, appidacr: '1' })
  t.equal(claims.scp, undefined, 'it acts for nobody')
  t.equal((await daemon.stop()).code, 0)
  const traces = `${daemon.stdout()}${daemon.stderr()}${readFileSync(writeOut(home), 'utf8')}`
  t.notOk(traces.includes(secret), 'the secret is printed nowhere')
})

/** The configuration as it lies on disk. */
function writeOut(home: Home): string {
  return `${home.path}/config/hallpass/hallpass.jsonc`
}

t.test('while a daemon runs the secret goes to it, and works at once; a wrong one is explained', async t => {
  const { secret, home } = await prepare(t)
  const daemon = await startDaemon(home, ['start'])
  const missing = await fetch(`${daemon.url}/fhir/Patient?_count=1`)
  t.equal(missing.headers.get('hallpass-error'), 'credential-missing')
  t.match(await missing.json(), { resourceType: 'OperationOutcome', issue: [{ diagnostics: /hallpass secret set job/ }] })

  t.equal((await piped(home, ['secret', 'set', 'job'], 'wrong-secret-of-no-use')).code, 0)
  const wrong = await fetch(`${daemon.url}/fhir/Patient?_count=1`)
  t.equal(wrong.headers.get('hallpass-error'), 'token-refused')
  t.match(await wrong.text(), /AADSTS7000215/)

  t.equal((await piped(home, ['secret', 'set', 'job'], secret)).code, 0)
  t.equal((await fetch(`${daemon.url}/fhir/Patient?_count=1`)).status, 200)
  t.match(await hallpass(home, ['secret', 'remove', 'job']), { code: 0, stderr: /The 2 client secrets of job are forgotten/ })
  t.equal(
    (await fetch(`${daemon.url}/fhir/Patient?_count=1`)).headers.get('hallpass-error'),
    'credential-missing',
    'without it nothing goes',
  )
  t.match(await hallpass(home, ['secret', 'remove', 'job']), { code: 0, stderr: /No client secret of job was kept/ })
  await daemon.stop()
})

t.test('AZURE_CLIENT_SECRET serves where the vault has none, and no child of ours inherits it', async t => {
  const { sandbox, secret, home } = await prepare(t)
  const daemon = await startDaemon(home, ['start'], { env: { AZURE_CLIENT_SECRET: secret, AZURE_CLIENT_ID: clientId } })
  t.equal((await fetch(`${daemon.url}/dicom/studies`)).status, 200)
  await daemon.stop()
  configure(home, sandbox)
  const other = await startDaemon(home, ['start'], {
    env: { AZURE_CLIENT_SECRET: secret, AZURE_CLIENT_ID: '0f0f0f0f-1111-4222-8333-555555555555' },
  })
  t.equal(
    (await fetch(`${other.url}/dicom/studies`)).headers.get('hallpass-error'),
    'credential-missing',
    'a secret of another application is not sent',
  )
  await other.stop()
})
