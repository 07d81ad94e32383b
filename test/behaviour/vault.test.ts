// Where secrets rest, as a user meets it: nothing lost by a crash or a locked keyring, nothing anywhere but in the vault.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { passphraseKey } from '../../src/vault/passphrase-key.ts'
import { sealedFile } from '../../src/vault/sealed-file.ts'
import { systemClock } from '../fixtures/clocks.ts'
import { keychainsOf } from '../fixtures/keychains.ts'
import { filesUnder, processTexts } from '../fixtures/traces.ts'
import { ownLock } from '../fixtures/vault-edges.ts'
import { startSecretService } from '../fixtures/with-secret-service.ts'
import { createHome, type Home, hallpass, type RunningDaemon, recordingBrowser, startDaemon, writeConfig } from '../harness/hallpass.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

t.setTimeout(300_000)

/** A sandbox, and a home whose configuration leads there. */
async function prepare(t: Test, env: Record<string, string> = {}) {
  const sandbox = await startSandbox()
  const home = createHome(env)
  const recorder = recordingBrowser(home)
  const { tenantId, clientId, url } = sandbox.identity
  writeConfig(home, {
    port: 0,
    profiles: { dev: { tenantId, clientId, sandbox: url } },
    routes: { '/fhir': { origin: sandbox.fhir.url, kind: 'fhir', audience: sandbox.fhir.audience, profile: 'dev' } },
  })
  t.teardown(async () => {
    await sandbox.close()
    home.remove()
  })
  return { sandbox, home, recorder, start: (args: string[] = []) => startDaemon(home, ['start', ...args], { env: recorder.env }) }
}

async function withKeyring(t: Test) {
  const keyring = await startSecretService()
  t.teardown(keyring.stop)
  return { keyring, ...(await prepare(t, { DBUS_SESSION_BUS_ADDRESS: keyring.env.DBUS_SESSION_BUS_ADDRESS ?? '' })) }
}

const ask = (daemon: RunningDaemon) => fetch(`${daemon.url}/fhir/Patient?_count=1`)

/** A request that waits for a sign-in, which happens. */
async function signIn(daemon: RunningDaemon, recorder: ReturnType<typeof recordingBrowser>): Promise<number> {
  const waiting = ask(daemon)
  await signInByForm(await recorder.opening())
  return (await waiting).status
}

async function tokenOf(home: Home): Promise<string> {
  return (await hallpass(home, ['token'])).stdout.trim()
}

t.test('keychain unavailable: sign-in succeeds, memory only, one clear warning', async t => {
  const { home, recorder, start } = await prepare(t)
  const daemon = await start()
  t.equal(await signIn(daemon, recorder), 200)
  t.equal(daemon.stderr().match(/There is no usable OS keychain: this session has no D-Bus/g)?.length, 1)
  t.match(daemon.stdout(), /tokens rest in +the memory of this process/)
  t.match((await hallpass(home, ['status'])).stdout, /the memory of this process: There is no usable OS keychain/)
  t.equal((await daemon.stop()).code, 0)
  t.same([...filesUnder(join(home.path, 'state')).keys()], [], 'nothing was written')
})

t.test('stale lock/corrupt cache recovered at start', async t => {
  const { keyring, home, recorder, start } = await withKeyring(t)
  const first = await start()
  t.equal(await signIn(first, recorder), 200)
  first.child.kill('SIGKILL')
  await first.ended
  t.ok(existsSync(join(home.path, 'state/hallpass/vault.lock')), 'the dead daemon left its lock')

  const second = await start()
  t.equal((await ask(second)).status, 200)
  t.equal(recorder.opened().length, 1, 'a crash costs no sign-in')
  second.child.kill('SIGKILL')
  await second.ended

  const item = ['service', 'hallpass', 'username', 'vault']
  const document = JSON.parse(await keyring.secretTool(['lookup', ...item])) as { entries: Record<string, string> }
  const [name = ''] = Object.keys(document.entries)
  document.entries[name] = document.entries[name]?.replace('"RefreshToken":{', '"RefreshToken":[') ?? ''
  await keychainsOf(keyring.env)('vault').write(JSON.stringify(document)) // secret-tool takes 8 KiB at most
  const damaged = await start()
  t.match((await hallpass(home, ['status'])).stdout, /nobody is signed in/)
  t.match(damaged.stderr(), /The tokens of dev in the vault could not be read; they were set aside there\./)
  await damaged.stop()
  t.ok((await keyring.secretTool(['lookup', ...item])).includes(`${name}:unreadable`))
  const again = await start()
  t.equal((await hallpass(home, ['logout', '--all'])).code, 0)
  await t.rejects(keyring.secretTool(['lookup', ...item]), 'signing out removes them too')
  await again.stop()

  await keyring.secretTool(['store', '--label=x', ...item], '{"version":1,"entries":{"msal')
  const third = await start()
  t.match(
    third.stderr(),
    /could not be read \(it is not a document of hallpass\); it was moved to the OS keychain \(service hallpass, user vault-unr/,
  )
  t.equal((await hallpass(home, ['status'])).code, 0)
  await third.stop()
})

t.test('a keyring that locks during the day does no harm, and no sign-in begins that it could not keep', async t => {
  const { keyring, home, recorder, start } = await withKeyring(t)
  const daemon = await start()
  await keyring.lock()
  const refused = await ask(daemon)
  t.equal(refused.status, 503)
  t.equal(refused.headers.get('hallpass-error'), 'vault-locked')
  t.match(await refused.text(), /The OS keychain is locked.*Unlock it/)
  t.same(recorder.opened(), [], 'no browser opened')
  await keyring.unlock()
  t.equal(await signIn(daemon, recorder), 200)
  await keyring.lock()
  t.equal((await ask(daemon)).status, 200, 'who is signed in is served on')
  t.match((await hallpass(home, ['status'])).stdout, /signed in as/)
  await keyring.unlock()
  t.equal((await daemon.stop()).code, 0)
})

t.test('sealed-file under a key in the keychain: signed in after a restart, and status says where tokens rest', async t => {
  const { keyring, home, recorder, start } = await withKeyring(t)
  const first = await start(['--vault', 'sealed-file'])
  t.equal(await signIn(first, recorder), 200)
  t.match(
    (await hallpass(home, ['status'])).stdout,
    /tokens rest in +the sealed file \S+ \(encrypted on disk; the key is in your OS keychain\)/,
  )
  await first.stop()
  await t.rejects(keyring.secretTool(['lookup', 'service', 'hallpass', 'username', 'vault']), 'there is no document in the keychain')
  const second = await start()
  t.equal((await ask(second)).status, 200, 'auto goes where the document is')
  t.equal((await hallpass(home, ['logout', '--all'])).code, 0)
  await second.stop()
  t.same([...filesUnder(join(home.path, 'state')).keys()], [])
  await t.rejects(keyring.secretTool(['lookup', 'service', 'hallpass', 'username', 'vault-key']), 'the key is gone with the document')
})

t.test('sealed-file under a passphrase: no token, no passphrase in files, arguments, environments, output or a core dump', async t => {
  const { home, recorder } = await prepare(t)
  const passphrase = `canary passphrase ${Date.now()}`
  const file = join(home.path, 'passphrase')
  writeFileSync(file, `${passphrase}\n`, { mode: 0o600 })
  const settings = { HALLPASS_VAULT: 'sealed-file', HALLPASS_VAULT_KEY: 'passphrase', HALLPASS_VAULT_PASSPHRASE_FILE: file }
  Object.assign(home.env, settings)

  const first = await startDaemon(home, ['start'], { env: recorder.env })
  t.match(first.stdout(), /encrypted on disk; the key comes from the passphrase in \S+passphrase\)/)
  t.equal(await signIn(first, recorder), 200)
  const secrets = [passphrase, await tokenOf(home), await refreshTokenIn(join(home.path, 'state/hallpass/vault.sealed'), passphrase)]
  t.ok(secrets.every(secret => secret.length > 20))
  const during = processTexts()
  t.match(during, home.path, 'the daemon is among the processes that were looked at')
  t.equal(readFileSync(`/proc/${first.pid}/coredump_filter`, 'utf8').trim(), '00000000')
  first.child.kill('SIGABRT')
  const crashed = await first.ended

  const core = join(home.path, 'core-test')
  const second = spawn(
    'sh',
    [
      '-c',
      'mkdir "$1"; cd "$1"; ulimit -c unlimited; exec env -u NODE_OPTIONS "$2" "$3" start',
      'sh',
      core,
      process.execPath,
      resolve('dist/src/main.js'),
    ],
    {
      env: { ...home.env, ...recorder.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const ended = Promise.all([text(second.stdout), text(second.stderr), once(second, 'exit')])
  await instanceOf(home)
  t.equal((await tokenOf(home)).length > 20, true, 'signed in after the crash, without a browser')
  second.kill('SIGABRT')
  const [stdout, stderr] = await ended
  t.equal(recorder.opened().length, 1)

  writeFileSync(file, 'another passphrase\n')
  chmodSync(file, 0o600)
  const wrong = await hallpass(home, ['start'])
  t.equal(wrong.code, 1)
  t.match(wrong.stderr, /The passphrase is not the one of the sealed file/)

  const texts = new Map(filesUnder(home.path)).set('processes', during).set('crash', crashed.stdout + crashed.stderr)
  texts.set('second crash', stdout + stderr).set('refusal', wrong.stdout + wrong.stderr)
  texts.delete(recorder.file)
  for (const [where, found] of texts) for (const secret of secrets) t.notOk(found.includes(secret), `nothing in ${where}`)
  const cores = [...texts.keys()].filter(path => path.startsWith(core))
  if (/^core/.test(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'))) t.equal(cores.length, 1, 'the system wrote a core')
})

/** Opens the sealed file as hallpass does, beside the daemon that holds it. */
async function refreshTokenIn(path: string, passphrase: string): Promise<string> {
  const source = passphraseKey({ kind: 'passphrase', description: '', obtain: async () => passphrase })
  const document = await sealedFile({ path, source, lock: ownLock, clock: systemClock }).read()
  return /refreshtoken[^{]*\{[^}]*\\"secret\\":\\"([^"\\]+)/i.exec(document ?? '')?.[1] ?? ''
}

/** Resolves when a daemon can be asked for its status. */
async function instanceOf(home: Home): Promise<void> {
  const deadline = Date.now() + 30_000
  while ((await hallpass(home, ['status'])).code !== 0) if (Date.now() > deadline) throw new Error('no daemon started within 30 s')
}

t.test('a passphrase typed at a terminal is asked for twice, then once, and is not shown', async t => {
  const { home } = await prepare(t)
  const args = `${process.execPath} ${resolve('dist/src/main.js')} start --vault sealed-file --vault-key passphrase`
  async function atTerminal(answers: string[]): Promise<string> {
    const terminal = spawn('script', ['-qefc', args, '/dev/null'], { env: home.env, stdio: ['pipe', 'pipe', 'inherit'] })
    let shown = ''
    for await (const part of terminal.stdout.setEncoding('utf8')) {
      shown += part
      if (/(assphrase of the vault|once more): $/.test(shown)) terminal.stdin.write(`${answers.shift() ?? ''}\r`)
      if (/^Ready/m.test(part)) terminal.stdin.write('\u0003')
    }
    return shown
  }
  const first = await atTerminal(['typed by a person', 'typed by a person'])
  t.match(first, /New passphrase of the vault: \r\nThe same once more: \r\n[\s\S]*Ready: /)
  t.match(first, /the key comes from a passphrase that you type/)
  t.notMatch(first, /typed by a person/)
})
