// Where a passphrase may come from, and from where it is not taken.

import { spawn } from 'node:child_process'
import { chmodSync, openSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { passphraseKey } from '../../src/vault/passphrase-key.ts'
import { passphraseFrom } from '../../src/vault/passphrase-sources.ts'

const none = { file: '', ask: undefined, credentials: undefined }
const missing = (message: RegExp) => ({ code: 'vault-passphrase-missing', message })

t.test('typed: once for a file that is there, twice for a new one', async t => {
  const questions: string[] = []
  const answers = ['a long passphrase', 'a long passphrase', 'a long passphrase', 'a long passphrase', 'another', '']
  const ask = async (question: string) => {
    questions.push(question)
    return answers.shift() ?? ''
  }
  const source = passphraseFrom('passphrase', { ...none, ask })
  t.equal(await source.obtain(false), 'a long passphrase')
  t.equal(await source.obtain(true), 'a long passphrase')
  t.same(questions, ['Passphrase of the vault: ', 'New passphrase of the vault: ', 'The same once more: '])
  await t.rejects(source.obtain(true), missing(/the two were not the same/))
  await t.rejects(source.obtain(false), missing(/nothing was typed/))
  await t.rejects(passphraseFrom('passphrase', none).obtain(true), missing(/nobody can be asked here/))
})

t.test('a file: the first line, of a file that only its owner can read', async t => {
  const folder = t.testdir({})
  const file = join(folder, 'passphrase')
  const source = passphraseFrom('passphrase', { ...none, file })
  await t.rejects(source.obtain(false), missing(/cannot be read \(ENOENT\)/))
  writeFileSync(file, 'from the file\r\nsecond line\n', { mode: 0o600 })
  t.equal(await source.obtain(false), 'from the file')
  t.match(source.description, new RegExp(`the key comes from the passphrase in ${file}`))
  symlinkSync(file, join(folder, 'link'))
  t.equal(await passphraseFrom('passphrase', { ...none, file: join(folder, 'link') }).obtain(false), 'from the file')
  chmodSync(file, 0o640)
  await t.rejects(source.obtain(false), { code: 'vault-file-unsafe', message: /other users may read/ })
  writeFileSync(file, '\n')
  chmodSync(file, 0o600)
  await t.rejects(source.obtain(false), missing(/is empty/))
  await t.rejects(passphraseFrom('passphrase', { ...none, file: folder }).obtain(false), missing(/is a folder/))
  await t.rejects(passphraseFrom('passphrase', { ...none, file: 'relative' }).obtain(false), missing(/not an absolute path/))
})

t.test('a descriptor: /dev/fd/N of a pipe and of a file', async t => {
  const file = join(t.testdir({}), 'passphrase')
  writeFileSync(file, 'by descriptor', { mode: 0o600 })
  const descriptor = openSync(file, 'r')
  t.equal(await passphraseFrom('passphrase', { ...none, file: `/dev/fd/${descriptor}` }).obtain(false), 'by descriptor')
  await t.rejects(
    passphraseFrom('passphrase', { ...none, file: `/dev/fd/${descriptor}` }).obtain(false),
    missing(/EBADF/),
    'closed once read',
  )
  const script = `import { passphraseFrom } from ${JSON.stringify(new URL('../../src/vault/passphrase-sources.js', import.meta.url).href)}
    process.stdout.write(await passphraseFrom('passphrase', { file: '/dev/fd/3' }).obtain(false))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
  const pipe = child.stdio[3] as import('node:stream').Writable
  pipe.write('through ')
  setImmediate(() => pipe.end('a pipe\n'))
  t.equal(await text(child.stdout as import('node:stream').Readable), 'through a pipe')
})

t.test('a systemd credential, by its name in $CREDENTIALS_DIRECTORY', async t => {
  const credentials = t.testdir({ 'hallpass-vault': 'of the unit\n' })
  chmodSync(join(credentials, 'hallpass-vault'), 0o400)
  t.equal(await passphraseFrom('credential', { ...none, credentials }).obtain(true), 'of the unit')
  await t.rejects(passphraseFrom('credential', none).obtain(true), missing(/LoadCredential=hallpass-vault:PATH/))
  await t.rejects(passphraseFrom('credential', { ...none, credentials: `${credentials}/nowhere` }).obtain(true), missing(/ENOENT/))
})

t.test('a new passphrase must be long; the same characters from another keyboard are the same one', async t => {
  const cost = { log2N: 10, r: 1, p: 1 }
  const keyOf = (typed: string) => passphraseKey({ kind: 'passphrase', description: '', obtain: async () => typed }, cost)
  await t.rejects(keyOf('too short').fresh(), { code: 'vault-passphrase-short', message: /shorter than 12/ })
  const composed = await keyOf('caf\u00e9 au lait, s.v.p.').fresh()
  const header = { derivation: composed.derivation, keyId: '', generation: 1n }
  t.ok((await keyOf('cafe\u0301 au lait, s.v.p.').existing(header, '')).bytes.equals(composed.bytes))
  t.notOk((await keyOf('cafe au lait, s.v.p.').existing(header, '')).bytes.equals(composed.bytes))
})

t.test('the cost is the documented one: scrypt, N = 2^17, r = 8, p = 1, a salt of 16 bytes', async t => {
  const { derivation } = await passphraseKey({ kind: 'passphrase', description: '', obtain: async () => 'correct horse battery' }).fresh()
  if (derivation.kind !== 'scrypt') throw new Error(derivation.kind)
  t.same({ ...derivation, salt: derivation.salt.length }, { kind: 'scrypt', log2N: 17, r: 8, p: 1, salt: 16 })
})
