// The keychain store against a real gnome-keyring: what rests there, and every way in which it can fail.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import type { ErrorCode } from '../../src/errors/table.ts'
import { type KeychainOptions, openKeychain } from '../../src/vault/keychain.ts'
import { recogniseKeychainError } from '../../src/vault/keychain-errors.ts'
import type { SpawnChild } from '../../src/vault/keychain-process.ts'
import { systemClock } from '../fixtures/clocks.ts'
import { plainSpawn } from '../fixtures/plain-spawn.ts'
import { testVaultStore } from '../fixtures/vault-store-contract.ts'
import { startSecretService } from '../fixtures/with-secret-service.ts'

const childPath = fileURLToPath(new URL('../../src/vault/keychain-child.js', import.meta.url))
const service = await startSecretService()
t.teardown(service.stop)

const keychain = (account: string, options: Partial<KeychainOptions> = {}) =>
  openKeychain({ childPath, env: service.env, service: 'hallpass', account, clock: systemClock, spawn: plainSpawn, ...options })

async function failsWith(t: Test, access: () => Promise<unknown>, code: ErrorCode, summary: RegExp, remedy = /--vault memory/) {
  const thrown = await access().catch(error => error)
  if (!(thrown instanceof HallpassError)) return t.fail(`expected ${code}, got ${thrown}`)
  t.equal(thrown.code, code)
  t.match(thrown.summary, summary)
  return t.match(thrown.remedy, remedy)
}

t.test('keeps the contract of every store', async t => testVaultStore(t, name => keychain(name)))

t.test('60 KB of unicode come back as they were, also to a store opened later', async t => {
  const text = JSON.stringify({ names: 'Ünïcødé 漢字 😀 '.repeat(2_500) })
  t.ok(Buffer.byteLength(text) > 60_000)
  await keychain('unicode').write(text)
  t.ok((await keychain('unicode').read()) === text)
})

t.test('the item is an ordinary one: other programs find it by its two attributes', async t => {
  const store = keychain('seen')
  await store.write('what we wrote')
  t.equal(await service.secretTool(['lookup', 'service', 'hallpass', 'username', 'seen']), 'what we wrote')
  await service.secretTool(['store', '--label=x', 'service', 'hallpass', 'username', 'seen'], 'what they wrote')
  t.equal(await store.read(), 'what they wrote')
})

t.test('the probe leaves nothing behind', async t => {
  await keychain('seen').probe()
  const found = await service.secretTool(['search', '--all', 'service', 'hallpass'])
  t.match(found, /what they wrote/)
  t.notMatch(found, /probe/)
})

t.test('a locked keyring is locked, not empty; unlocked, the same store goes on', async t => {
  const store = keychain('locked')
  await store.write('kept')
  await service.lock()
  for (const access of [store.read, () => store.write('new'), store.remove, store.probe])
    await failsWith(t, access, 'vault-locked', /locked/, /Unlock it.*--vault memory/)
  await service.unlock()
  t.equal(await store.read(), 'kept')
})

t.test('a keyring daemon that died comes back locked; unlocked, the same store goes on', async t => {
  const store = keychain('died')
  await store.write('kept')
  await service.kill()
  await failsWith(t, store.read, 'vault-locked', /locked/)
  await service.unlock()
  t.equal(await store.read(), 'kept')
})

t.test('a frozen keyring is a time-out; thawed, the same store goes on', async t => {
  const store = keychain('frozen')
  await store.write('kept')
  await service.freeze()
  await failsWith(t, store.read, 'vault-timeout', /did not answer within 2 s/)
  await service.thaw()
  t.equal(await store.read(), 'kept')
})

t.test('nothing secret stands in the arguments or the environment of the child', async t => {
  const env = { ...service.env, AZURE_CLIENT_SECRET: 'in-our-environment', NODE_OPTIONS: '--require=/nonexistent.cjs' }
  let seen = ''
  const spying = ((command, args, options) => {
    const child = spawn(command, args, options)
    seen = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8') + readFileSync(`/proc/${child.pid}/environ`, 'utf8')
    return child
  }) as SpawnChild
  const store = keychain('argv', { env, spawn: spying })
  await store.write('in-the-document')
  t.match(seen, service.env.DBUS_SESSION_BUS_ADDRESS, 'it was its environment that was read')
  t.notMatch(seen, /in-the-document|in-our-environment|nonexistent/)
  t.equal(await store.read(), 'in-the-document')
})

t.test('an item of another program under our names makes ours ambiguous', async t => {
  const store = keychain('twice')
  await store.write('ours')
  await service.secretTool(['store', '--label=x', 'service', 'hallpass', 'username', 'twice', 'by', 'another'], 'theirs')
  await failsWith(t, store.read, 'vault-ambiguous', /service hallpass, user twice/, /Remove the one/)
})

t.test('a prompt that nobody answers', async t => {
  const desktop = await startSecretService({ prompter: 'silent' })
  t.teardown(desktop.stop)
  const env = { ...desktop.env, DISPLAY: ':0' }
  await keychain('vault', { env }).write('kept')
  await desktop.lock()

  await t.test('does not outlive its daemon: the child ends when the pipe to it closes', async t => {
    const child = spawn(process.execPath, [childPath], { env, stdio: ['pipe', 'ignore', 'ignore'] })
    const ended = once(child, 'exit')
    child.stdin.write(`${JSON.stringify({ op: 'set', service: 'hallpass', account: 'vault', value: 'old' })}\n`)
    await desktop.prompted()
    child.stdin.end()
    t.same(await ended, [null, 'SIGKILL'])
  })

  await t.test('is waited for as long as a person may need, then the child is killed', async t => {
    let ended: Promise<unknown[]> | undefined
    const spying = ((command, args, options) => {
      const child = spawn(command, args, options)
      ended = once(child, 'exit')
      return child
    }) as SpawnChild
    const store = keychain('vault', { env, spawn: spying, timeouts: { plain: 1, prompting: 700 } })
    await failsWith(t, store.read, 'vault-timeout', /within 0.7 s/, /prompt/)
    t.same(await ended, [null, 'SIGKILL'])
  })

  await desktop.unlock()
  t.equal(await keychain('vault', { env }).read(), 'kept')
})

t.test('where there is no keychain, it says why and what to install', async t => {
  const none = await startSecretService({ provider: 'none' })
  t.teardown(none.stop)
  await failsWith(t, keychain('vault', { env: none.env }).probe, 'vault-absent', /no program here offers/, /apt-get install gnome-keyring/)
  const fresh = await startSecretService({ provider: 'new' })
  t.teardown(fresh.stop)
  await failsWith(t, keychain('vault', { env: fresh.env }).probe, 'vault-absent', /no collection/, /Log in to the desktop once/)
  await fresh.stop()
  await failsWith(t, keychain('vault', { env: fresh.env }).probe, 'vault-absent', /D-Bus cannot be reached/, /dbus-run-session/)
  const env = { PATH: service.env.PATH, HOME: service.env.HOME }
  await failsWith(t, keychain('vault', { env }).probe, 'vault-absent', /has no D-Bus/, /apt-get install dbus gnome-keyring/)
})

t.test('a child that cannot do its work', async t => {
  const elsewhere = join(service.home, 'without-library')
  mkdirSync(elsewhere)
  writeFileSync(join(elsewhere, 'package.json'), '{"type":"module"}')
  for (const file of ['keychain-child.js', 'keychain-messages.js']) copyFileSync(join(dirname(childPath), file), join(elsewhere, file))
  const withoutLibrary = keychain('vault', { childPath: join(elsewhere, 'keychain-child.js') })
  await failsWith(t, withoutLibrary.read, 'vault-absent', /library that talks to it does not load/, /optional dependencies/)
  await failsWith(t, keychain('vault', { childPath: '/nonexistent/child.js' }).read, 'vault-absent', /ended without an answer \(1\)/)
})

t.test('words that cannot be provoked here', async t => {
  const error = (text: string) => recogniseKeychainError(text, 'the OS keychain')
  const windows = error("Value of 'password encoded as UTF-16' is longer than the platform limit of 2560 chars")
  t.equal(windows.code, 'vault-too-large')
  t.match(windows.summary, /at most 2560 bytes/)
  t.equal(error('Platform failure: User interaction is not allowed.').code, 'vault-locked')
  const unknown = error('Platform failure: no good, Bearer abcdefghijklmnop')
  t.equal(unknown.code, 'vault-absent')
  t.equal(unknown.summary, 'There is no usable OS keychain: Platform failure: no good, Bearer [redacted].')
})
