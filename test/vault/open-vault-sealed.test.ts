// The vault in a sealed file: when the keychain's item is too small, or because somebody asked for it.
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { vaultProgram } from '../fixtures/vault-program.ts'
import { startSecretService } from '../fixtures/with-secret-service.ts'

t.setTimeout(300_000)
const service = await startSecretService()
t.teardown(service.stop)

const program = (t: Test, name: string) => vaultProgram(t, service, name)

t.test('an item that is too small: the document moves into a file sealed under a key in the keychain, and this is said', async t => {
  const { files, keychain, markerPath, sealedPath, start } = program(t, 'small')
  const small = { childPath: fileURLToPath(new URL('../fixtures/small-keychain-child.js', import.meta.url)) }
  const first = await start('auto', small)
  first.document.set('msal', 'short')
  await first.document.flush()
  t.same([first.kind(), first.said()], ['keychain', []])
  first.document.set('msal', 'long '.repeat(1_000))
  await first.document.flush()
  t.same([first.kind(), first.said()], ['sealed-file', ['vault-moved']])
  t.match(first.where(), /^the sealed file .*vault\.sealed \(encrypted on disk; the key is in your OS keychain\)$/)
  t.same(JSON.parse(readFileSync(markerPath, 'utf8')), { version: 1, store: 'sealed-file', key: 'keychain' })
  t.equal(await keychain('vault').read(), null, 'the item is cleared')
  t.notMatch(readFileSync(sealedPath, 'latin1'), /long/)
  await first.end()

  for (const choice of ['auto', 'keychain', 'sealed-file'] as const) {
    const next = await start(choice, small)
    t.same([next.kind(), next.said()], ['sealed-file', []], choice)
    t.equal(next.document.get('msal'), 'long '.repeat(1_000))
    await next.end()
  }
  const last = await start('auto', small)
  await last.document.remove()
  t.same(files(), ['vault.lock'], 'signed out of everything: no file')
  t.equal(await keychain('vault-key').read(), null, 'and no key')
  await last.end()
})

t.test('Windows: sealed from the start, for no token cache fits into an item there', async t => {
  const { keychain, start } = program(t, 'windows')
  const first = await start('auto', { platform: 'win32' })
  t.same([first.kind(), first.said()], ['sealed-file', []])
  await first.keep('short')
  t.equal(await keychain('vault').read(), null)
  t.match(await keychain('vault-key').read(), /^v1:[\w-]{43}$/)
  const next = await start('auto', { platform: 'win32' })
  t.equal(next.document.get('msal'), 'short')
  await next.end()
})

t.test('a key that is gone is never answered with a new one', async t => {
  const { keychain, sealedPath, start } = program(t, 'key-gone')
  await (await start('sealed-file')).keep('kept')
  const before = readFileSync(sealedPath)
  const key = (await keychain('vault-key').read()) ?? ''
  await keychain('vault-key').remove()
  for (const choice of ['auto', 'keychain', 'sealed-file'] as const)
    await t.rejects(start(choice), { code: 'vault-key-missing', message: /user key-gone-vault-key\) has none/, remedy: /makes no new key/ })
  t.equal(await keychain('vault-key').read(), null)
  t.ok(readFileSync(sealedPath).equals(before))
  await keychain('vault-key').write(`v1:${Buffer.alloc(32, 7).toString('base64url')}`)
  await t.rejects(start(), { code: 'vault-key-mismatch', message: /is not the one of the sealed file/ })
  t.ok(readFileSync(sealedPath).equals(before))
  await keychain('vault-key').write('something else')
  await t.rejects(start(), { code: 'vault-unreadable', message: /it is not a key of hallpass/ })
  await keychain('vault-key').write(key)
  const again = await start()
  t.equal(again.document.get('msal'), 'kept', 'the key is back, and so is the document')
  await again.end()
})

t.test('a sealed file with a passphrase is found again by auto, which asks for it', async t => {
  const { markerPath, start } = program(t, 'passphrase')
  const typed = ['correct horse battery', 'correct horse battery']
  const first = await start('sealed-file', { key: 'passphrase', typed })
  t.match(first.where(), /encrypted on disk; the key comes from a passphrase that you type/)
  await first.keep('kept')
  t.same(typed, [], 'asked twice, once')
  t.same(JSON.parse(readFileSync(markerPath, 'utf8')), { version: 1, store: 'sealed-file', key: 'passphrase' })
  const next = await start('auto', { typed: ['correct horse battery'] })
  t.equal(next.document.get('msal'), 'kept')
  await next.end()
  await t.rejects(start('auto', { typed: ['another horse'] }), { code: 'vault-passphrase-wrong' })
  await t.rejects(start('auto'), { code: 'vault-passphrase-missing', message: /nobody can be asked/ })
  await t.rejects(start('sealed-file'), { code: 'vault-key-elsewhere', message: /sealed under a passphrase/, remedy: /`vaultKey`/ })
  rmSync(markerPath)
  const lost = await start('auto', { typed: ['correct horse battery'] })
  t.equal(lost.document.get('msal'), 'kept', 'the file itself says what it needs')
  await lost.end()
})

t.test('another place, asked for by name: what stays behind is said', async t => {
  const { start } = program(t, 'behind')
  await (await start()).keep('in the item')
  const passphrase = { key: 'passphrase', typed: ['correct horse battery', 'correct horse battery'] } as const
  const moved = await start('sealed-file', { ...passphrase, typed: [...passphrase.typed] })
  t.same(moved.said(), ['vault-left-behind'])
  t.equal(moved.document.get('msal'), undefined)
  await moved.keep('in the file')
  const back = await start('keychain')
  t.same(back.said(), ['vault-left-behind'])
  t.equal(back.document.get('msal'), 'in the item')
  await back.end()
})
