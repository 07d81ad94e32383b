// Choosing the store, over a real gnome-keyring: never another place without a word.
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { HallpassError } from '../../src/errors/hallpass-error.ts'
import { openKeychain } from '../../src/vault/keychain.ts'
import { openVault, type VaultChoice } from '../../src/vault/open-vault.ts'
import { openDocument } from '../../src/vault/vault-document.ts'
import { manualClock, systemClock } from '../fixtures/clocks.ts'
import { plainSpawn } from '../fixtures/plain-spawn.ts'
import { startSecretService } from '../fixtures/with-secret-service.ts'

const childPath = fileURLToPath(new URL('../../src/vault/keychain-child.js', import.meta.url))
const service = await startSecretService()
t.teardown(service.stop)

/** A run of the program: vault and document, with what it would say to its user. */
function program(t: Test, account: string) {
  const folder = t.testdir({})
  const markerPath = join(folder, 'vault.json')
  const keychain = openKeychain({ childPath, env: service.env, service: 'hallpass', account, clock: systemClock, spawn: plainSpawn })
  async function start(choice: VaultChoice = 'auto') {
    const vault = await openVault(choice, { keychain, markerPath })
    const said: HallpassError[] = vault.warning ? [vault.warning] : []
    const clock = manualClock()
    const document = await openDocument(vault.store, { clock, written: vault.written, onTrouble: error => said.push(error) })
    return {
      kind: vault.store.kind,
      document,
      clock,
      said: () => said.map(({ code }) => code),
      summaries: () => said.map(({ summary }) => summary).join(),
    }
  }
  return { folder, markerPath, keychain, start }
}

t.test('auto keeps secrets in the keychain when that works, and finds them again', async t => {
  const { folder, markerPath, start } = program(t, 'auto')
  const first = await start()
  t.equal(first.kind, 'keychain')
  t.notOk(existsSync(markerPath), 'no marker before there is a document')
  first.document.set('msal', 'a-secret')
  await first.document.flush()
  t.same(readdirSync(folder), ['vault.json'], 'the marker, and no temporary file')
  t.equal(statSync(markerPath).mode & 0o777, 0o600)
  t.notMatch(readFileSync(markerPath, 'utf8'), /secret/)
  const second = await start()
  t.equal(second.document.get('msal'), 'a-secret')
  t.same(second.said(), [])
})

t.test('auto without a working keychain: memory, and the reason', async t => {
  const { markerPath, start } = program(t, 'fallback')
  await service.lock()
  const { kind, document, said } = await start()
  t.equal(kind, 'memory')
  t.same(said(), ['vault-locked'])
  document.set('msal', 'x')
  await document.flush()
  t.notOk(existsSync(markerPath))
  await t.rejects(start('keychain'), { code: 'vault-locked' }, 'who asks for the keychain gets it or the error')
  t.equal((await start('memory')).kind, 'memory')
  await service.unlock()
})

t.test('auto with a document in a keychain that cannot be used today: an error, not a new vault', async t => {
  const { start } = program(t, 'remembered')
  const { document } = await start()
  document.set('msal', 'kept')
  await document.flush()
  await service.lock()
  await t.rejects(start(), { code: 'vault-locked', remedy: /`--vault memory`/ })
  const memory = await start('memory')
  t.same([memory.kind, memory.said()], ['memory', []], 'memory, when asked for by name')
  await service.unlock()
  t.equal((await start()).document.get('msal'), 'kept')
})

t.test('a lost marker comes back with the document that it stands for', async t => {
  const { markerPath, start } = program(t, 'lost-marker')
  const { document } = await start()
  document.set('msal', 'kept')
  await document.flush()
  rmSync(markerPath)
  t.equal((await start()).document.get('msal'), 'kept')
  t.ok(existsSync(markerPath))
})

t.test('an item that somebody removed is said, not taken for a first start', async t => {
  const { start } = program(t, 'removed')
  const { document } = await start()
  document.set('msal', 'x')
  await document.flush()
  await service.secretTool(['clear', 'service', 'hallpass', 'username', 'removed'])
  const next = await start()
  t.same([next.kind, next.said()], ['keychain', ['vault-item-gone']])
})

t.test('signing out of everything takes the item and the marker away', async t => {
  const { folder, keychain, start } = program(t, 'signed-out')
  const { document } = await start()
  document.set('msal', 'x')
  await document.flush()
  await document.remove()
  t.equal(await keychain.read(), null)
  t.same(readdirSync(folder), [])
  t.same((await start()).said(), [])
})

t.test('a newer document is refused and stays', async t => {
  const { keychain, start } = program(t, 'newer')
  await keychain.write('{"version":1000}')
  await t.rejects(start(), { code: 'vault-newer', message: /the OS keychain \(service hallpass, user newer\)/ })
  t.equal(await keychain.read(), '{"version":1000}')
})

t.test('a corrupt document is set aside at the start, and is still there for whoever wants to look', async t => {
  const { folder, keychain, start } = program(t, 'corrupt')
  const first = await start()
  first.document.set('msal', 'x')
  await first.document.flush()
  await keychain.write('{"version":1,"entr')
  const next = await start()
  t.same(next.said(), ['vault-set-aside'])
  t.equal(next.document.get('msal'), undefined)
  t.equal(await keychain.read(), null)
  t.same(readdirSync(folder), [])
  const [, aside = ''] = /user (corrupt-unreadable-\d{8}T\d{9}Z)/.exec(next.summaries()) ?? []
  t.equal(await service.secretTool(['lookup', 'service', 'hallpass', 'username', aside]), '{"version":1,"entr')
  t.same((await start()).said(), [], 'said once')
})

t.test('a keyring that locks during the day does no harm: memory holds, the write is retried', async t => {
  const { keychain, start } = program(t, 'midday')
  const { document, clock, said } = await start()
  await service.lock()
  document.set('msal', 'refreshed')
  await t.rejects(document.flush(), { code: 'vault-locked' })
  t.equal(document.get('msal'), 'refreshed')
  t.same(said(), ['vault-locked'])
  await service.unlock()
  clock.advance(60_000)
  await document.flush()
  t.match(await keychain.read(), /refreshed/)
})

t.test('a marker that cannot be written is an error that names its folder', async t => {
  const { folder, keychain, start } = program(t, 'no-folder')
  rmSync(folder, { recursive: true })
  const { document } = await start()
  document.set('msal', 'x')
  await t.rejects(document.flush(), { code: 'state-folder-unsafe', message: /ENOENT/ })
  await keychain.remove()
})
