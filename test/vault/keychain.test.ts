// The keychain store against a real gnome-keyring, and in the full run against KeePassXC: what rests there, and what nobody else sees.
import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { recogniseKeychainError } from '../../src/vault/keychain-errors.ts'
import type { SpawnChild } from '../../src/vault/keychain-process.ts'
import { childPath, failsWith, keychainsOf } from '../fixtures/keychains.ts'
import { testVaultStore } from '../fixtures/vault-store-contract.ts'
import { startKeePassXc } from '../fixtures/with-keepassxc.ts'
import { startSecretService } from '../fixtures/with-secret-service.ts'

t.setTimeout(300_000)
const service = await startSecretService()
t.teardown(service.stop)
const keychain = keychainsOf(service.env)

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
  t.notMatch(error('new words \u001b[2J\r\nSigned in: dev').summary, /[\u0000-\u001f]/, 'a terminal obeys nothing of what a keyring says')
  const windows = error("Value of 'password encoded as UTF-16' is longer than the platform limit of 2560 chars")
  t.equal(windows.code, 'vault-too-large')
  t.match(windows.summary, /at most 2560 bytes/)
  t.equal(error('Platform failure: User interaction is not allowed.').code, 'vault-locked')
  const unknown = error('Platform failure: no good, Bearer abcdefghijklmnop')
  t.equal(unknown.code, 'vault-absent')
  t.equal(unknown.summary, 'There is no usable OS keychain: Platform failure: no good, Bearer [redacted].')
})

if (process.env.HALLPASS_TEST_FULL) {
  t.test('KeePassXC keeps the contract of every store too', async t => {
    const program = await startKeePassXc()
    t.teardown(program.stop)
    const store = keychainsOf(program.env)
    await store('vault').probe()
    t.equal(await store('vault').read(), null)
    await testVaultStore(t, name => store(name))
    await store('vault').write('é '.repeat(30_000))
    t.ok((await store('vault').read()) === 'é '.repeat(30_000))
    t.equal(await program.secretTool(['lookup', 'service', 'hallpass', 'username', 'vault']), 'é '.repeat(30_000))
  })

  t.test('KeePassXC whose database exposes no group keeps nothing, and says nothing: a time-out that names the remedy', async t => {
    const program = await startKeePassXc({ exposed: false })
    t.teardown(program.stop)
    await failsWith(t, keychainsOf(program.env)('vault').probe, 'vault-timeout', /within 2 s/, /KeePassXC: let the database expose a group/)
  })
}
