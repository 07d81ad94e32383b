// Choosing the store, over a real gnome-keyring: never another place without a word.
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { vaultProgram } from '../fixtures/vault-program.ts'
import { startSecretService } from '../fixtures/with-secret-service.ts'

t.setTimeout(300_000)
const service = await startSecretService()
t.teardown(service.stop)

const program = (t: Test, name: string) => vaultProgram(t, service, name)

t.test('auto keeps secrets in the keychain when that works, and finds them again', async t => {
  const { files, markerPath, start } = program(t, 'auto')
  const first = await start()
  t.equal(first.kind(), 'keychain')
  t.same(files(), ['vault.lock'], 'no marker before there is a document')
  await first.keep('a-secret')
  t.same(files(), ['vault.json'], 'the marker, and no temporary file')
  t.equal(statSync(markerPath).mode & 0o777, 0o600)
  t.same(JSON.parse(readFileSync(markerPath, 'utf8')), { version: 1, store: 'keychain' })
  const second = await start()
  t.equal(second.document.get('msal'), 'a-secret')
  t.same(second.said(), [])
  await second.end()
})

t.test('auto without a working keychain: memory, and the reason', async t => {
  const { files, start } = program(t, 'fallback')
  await service.lock()
  const { kind, keep, said } = await start()
  t.equal(kind(), 'memory')
  t.same(said(), ['vault-locked'])
  await keep('x')
  t.same(files(), [])
  await t.rejects(start('keychain'), { code: 'vault-locked' }, 'who asks for the keychain gets it or the error')
  await t.rejects(start('sealed-file'), { code: 'vault-locked' }, 'and so does who asks for a file whose key it would hold')
  t.equal((await start('memory')).kind(), 'memory')
  t.same(files(), [], 'no lock stays')
  await service.unlock()
})

t.test('auto with a document in a keychain that cannot be used today: an error, not a new vault', async t => {
  const { start } = program(t, 'remembered')
  await (await start()).keep('kept')
  await service.lock()
  await t.rejects(start(), { code: 'vault-locked', remedy: /`--vault memory`/ })
  const memory = await start('memory')
  t.same([memory.kind(), memory.said()], ['memory', []], 'memory, when asked for by name')
  await service.unlock()
  const after = await start()
  t.equal(after.document.get('msal'), 'kept')
  await after.end()
})

t.test('a lost marker comes back with the document that it stands for', async t => {
  const { markerPath, start } = program(t, 'lost-marker')
  await (await start()).keep('kept')
  rmSync(markerPath)
  const next = await start()
  t.equal(next.document.get('msal'), 'kept')
  t.ok(existsSync(markerPath))
  await next.end()
})

t.test('an item that somebody removed is said, not taken for a first start', async t => {
  const { start } = program(t, 'removed')
  await (await start()).keep('x')
  await service.secretTool(['clear', 'service', 'hallpass', 'username', 'removed-vault'])
  const next = await start()
  t.same([next.kind(), next.said()], ['keychain', ['vault-item-gone']])
  await next.end()
})

t.test('signing out of everything takes the item and the marker away', async t => {
  const { files, keychain, start } = program(t, 'signed-out')
  const { document, end } = await start()
  document.set('msal', 'x')
  await document.flush()
  await document.remove()
  t.equal(await keychain('vault').read(), null)
  t.same(files(), ['vault.lock'])
  await end()
  const next = await start()
  t.same(next.said(), [])
  await next.end()
})

t.test('a newer document is refused and stays', async t => {
  const { files, keychain, start } = program(t, 'newer')
  await keychain('vault').write('{"version":1000}')
  await t.rejects(start(), { code: 'vault-newer', message: /the OS keychain \(service hallpass, user newer-vault\)/ })
  t.equal(await keychain('vault').read(), '{"version":1000}')
  t.same(files(), ['vault.json'], 'the lock is given back')
})

t.test('a corrupt document is set aside at the start, and is still there for whoever wants to look', async t => {
  const { files, keychain, start } = program(t, 'corrupt')
  await (await start()).keep('x')
  await keychain('vault').write('{"version":1,"entr')
  const next = await start()
  t.same(next.said(), ['vault-set-aside'])
  t.equal(next.document.get('msal'), undefined)
  t.equal(await keychain('vault').read(), null)
  t.same(files(), ['vault.lock'])
  const [, aside = ''] = /user (corrupt-vault-unreadable-1)/.exec(next.summaries()) ?? []
  t.equal(await service.secretTool(['lookup', 'service', 'hallpass', 'username', aside]), '{"version":1,"entr')
  await next.end()
  await keychain('vault').write('damaged again')
  const again = await start()
  t.match(again.summaries(), /user corrupt-vault-unreadable-2\)/, 'the second does not replace the first')
  await again.end()
  const last = await start()
  t.same(last.said(), [], 'said once')
  await last.end()
})

t.test('a keyring that locks during the day does no harm: memory holds, the write is retried', async t => {
  const { keychain, start } = program(t, 'midday')
  const { document, clock, said, end } = await start()
  await service.lock()
  document.set('msal', 'refreshed')
  await t.rejects(document.flush(), { code: 'vault-locked' })
  t.equal(document.get('msal'), 'refreshed')
  t.same(said(), ['vault-locked'])
  t.equal(document.trouble()?.code, 'vault-locked')
  await service.unlock()
  clock.advance(60_000)
  await document.flush()
  t.match(await keychain('vault').read(), /refreshed/)
  t.equal(document.trouble(), undefined)
  await end()
})

t.test('a marker that cannot be written is an error that names it', async t => {
  const { folder, keychain, start } = program(t, 'no-folder')
  const { document } = await start()
  rmSync(folder, { recursive: true })
  document.set('msal', 'x')
  await t.rejects(document.flush(), { code: 'vault-overtaken' }, 'without its lock nothing is written')
  t.equal(await keychain('vault').read(), null)
})

t.test('one process at a time: the second waits, then names the first', async t => {
  const { folder, start } = program(t, 'twice')
  const first = await start()
  await t.rejects(start('auto', { waitMs: 120 }), {
    code: 'vault-busy',
    message: new RegExp(`process ${process.pid}\\)`),
    remedy: new RegExp(`remove ${folder}`),
  })
  const waiting = start()
  await first.keep('x')
  const second = await waiting
  t.equal(second.document.get('msal'), 'x', 'who waited sees what was written meanwhile')
  await second.end()
})

t.test('what the dead left is swept away: drafts, a lock, its candidates', async t => {
  const { files, folder, start } = program(t, 'leftovers')
  const id = '00000000-0000-4000-8000-000000000000'
  const dead = 4_194_305 // above the largest process ID of Linux
  const lock = JSON.stringify({ pid: dead, id, born: 'boot:1' })
  for (const [name, text] of Object.entries({
    'vault.lock': lock,
    [`vault.lock.${dead}.${id}`]: lock,
    [`vault.lock.${dead}.${id}.taken`]: lock,
    [`vault.sealed.${id}.tmp`]: 'half',
    [`vault.json.${id}.tmp`]: 'half',
    'vault.sealed.mine': 'not ours to remove',
  }))
    writeFileSync(join(folder, name), text, { mode: 0o600 })
  const { end } = await start()
  t.same(files(), ['vault.lock', 'vault.sealed.mine'])
  await end()
  t.same(files(), ['vault.sealed.mine'])
})
