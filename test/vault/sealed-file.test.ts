// The sealed file: what it keeps for each source of its key, and what it refuses to open.
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { keychainKey } from '../../src/vault/keychain-key.ts'
import { passphraseKey } from '../../src/vault/passphrase-key.ts'
import { sealedFile } from '../../src/vault/sealed-file.ts'
import type { KeySource } from '../../src/vault/vault-key.ts'
import type { VaultStore } from '../../src/vault/vault-store.ts'
import { systemClock } from '../fixtures/clocks.ts'
import { seeded } from '../fixtures/seeded.ts'
import { ownLock, vaultEdges } from '../fixtures/vault-edges.ts'
import { testVaultStore } from '../fixtures/vault-store-contract.ts'
import { startSecretService } from '../fixtures/with-secret-service.ts'

t.setTimeout(300_000)
const service = await startSecretService()
t.teardown(service.stop)

/** Cheap: what scrypt costs is not what is tested. */
const cost = { log2N: 10, r: 1, p: 1 }

const typedKey = (passphrase = 'correct horse battery', kind: 'passphrase' | 'credential' = 'passphrase') =>
  passphraseKey({ kind, description: 'the key comes from a test', obtain: async () => passphrase }, cost)

function open(path: string, source: KeySource = typedKey()): VaultStore {
  return sealedFile({ path, source, lock: ownLock, clock: systemClock })
}

async function sealed(t: Test, text = 'the document') {
  const folder = t.testdir({})
  const path = join(folder, 'vault.sealed')
  await open(path).write(text)
  return { folder, path, bytes: readFileSync(path) }
}

t.test('keeps the contract of every store, whoever has the key', async t => {
  const { keychainItem } = vaultEdges({ folder: '', env: service.env })
  const sources: Record<KeySource['kind'], (name: string) => KeySource> = {
    keychain: name => keychainKey(keychainItem(`${name}-key`)),
    passphrase: () => typedKey(),
    credential: () => typedKey('from systemd, so to say', 'credential'),
  }
  for (const [kind, sourceOf] of Object.entries(sources))
    await t.test(kind, async t => {
      const folder = t.testdir({})
      await testVaultStore(t, name => {
        mkdirSync(join(folder, name))
        return open(join(folder, name, 'vault.sealed'), sourceOf(name))
      })
      for (const name of readdirSync(folder))
        t.same(
          readdirSync(join(folder, name)).filter(file => !file.includes('unreadable')),
          [],
          'nothing stays behind',
        )
    })
})

t.test('the bytes say nothing of the text, and no two writes are alike', async t => {
  const { path, bytes } = await sealed(t, 'refresh-token '.repeat(100))
  t.notMatch(bytes.toString('latin1'), /refresh/)
  const store = open(path)
  await store.read()
  await store.write('refresh-token '.repeat(100))
  const again = readFileSync(path)
  t.notSame(again.subarray(45, 57), bytes.subarray(45, 57), 'a fresh IV')
  t.equal(again.readBigUInt64BE(37), bytes.readBigUInt64BE(37) + 1n, 'the next generation')
})

t.test('no bit can be changed, whether in the header, the IV, the tag or the text', async t => {
  const { path, bytes } = await sealed(t)
  const { integer } = seeded(5)
  const outcomes = new Map<string, number>()
  // Every byte once, one of its bits by chance.
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ (1 << integer(8))
    writeFileSync(path, changed)
    const thrown = await open(path)
      .read()
      .catch(error => error)
    if (!(thrown instanceof HallpassError)) t.fail(`byte ${at} was changed and nobody noticed: ${thrown}`)
    else outcomes.set(thrown.code, (outcomes.get(thrown.code) ?? 0) + 1)
  }
  t.ok((outcomes.get('vault-damaged') ?? 0) > 30, JSON.stringify([...outcomes]))
  t.same(
    [...outcomes.keys()].filter(code => !/^vault-(damaged|newer|passphrase-wrong|key-elsewhere)$/.test(code)),
    [],
  )
  for (const length of [0, 7, 8, 9, 44, 72, 73, bytes.length - 1]) {
    writeFileSync(path, bytes.subarray(0, length))
    await t.rejects(open(path).read(), { code: 'vault-damaged' }, `cut to ${length} bytes`)
  }
})

t.test('a sealed file does not open under another name', async t => {
  const { folder, path } = await sealed(t)
  renameSync(path, join(folder, 'other.sealed'))
  await t.rejects(open(join(folder, 'other.sealed')).read(), { code: 'vault-damaged', message: /changed after hallpass sealed it/ })
})

t.test('a file of a newer format is refused and stays', async t => {
  const { path, bytes } = await sealed(t)
  const newer = Buffer.from(bytes)
  newer[8] = 2
  writeFileSync(path, newer)
  const accesses: (() => Promise<unknown>)[] = [open(path).read, () => open(path).write('x'), open(path).probe]
  for (const access of accesses) await t.rejects(access(), { code: 'vault-newer' })
  t.ok(readFileSync(path).equals(newer))
})

t.test('a header cannot ask for more memory than a machine has', async t => {
  const { path, bytes } = await sealed(t)
  for (const [at, value] of [
    [10, 31],
    [11, 255],
    [12, 255],
    [10, 1],
  ] as const) {
    const greedy = Buffer.from(bytes)
    greedy[at] = value
    writeFileSync(path, greedy)
    await t.rejects(open(path).read(), { code: 'vault-damaged' })
  }
})

t.test('another passphrase, another keychain: refused, and nothing is written over', async t => {
  const { path, bytes } = await sealed(t)
  const other = open(path, typedKey('another passphrase'))
  await t.rejects(other.read(), { code: 'vault-passphrase-wrong' })
  await t.rejects(other.write('mine now'), { code: 'vault-passphrase-wrong' })
  const { keychainItem } = vaultEdges({ folder: '', env: service.env, prefix: 'elsewhere-' })
  const keyed = open(path, keychainKey(keychainItem('vault-key')))
  await t.rejects(keyed.read(), { code: 'vault-key-elsewhere', message: /sealed under a passphrase/ })
  await t.rejects(keyed.write('mine now'), { code: 'vault-key-elsewhere' })
  t.equal(await keychainItem('vault-key').read(), null, 'no key was made for it')
  t.ok(readFileSync(path).equals(bytes))
})

t.test('what another process wrote meanwhile is not written over', async t => {
  const { path } = await sealed(t)
  const [one, other] = [open(path), open(path)]
  await one.read()
  await other.read()
  await other.write('from the other')
  await t.rejects(one.write('from the one'), { code: 'vault-overtaken' })
  t.equal(await open(path).read(), 'from the other')
})

t.test('who lost the lock writes nothing, and leaves no draft', async t => {
  const { folder, path } = await sealed(t)
  const lock = { check: async () => Promise.reject(new HallpassError('vault-overtaken')) }
  const store = sealedFile({ path, source: typedKey(), lock, clock: systemClock })
  t.equal(await store.read(), 'the document')
  const accesses: (() => Promise<unknown>)[] = [() => store.write('late'), store.remove, store.setAside, store.probe]
  for (const access of accesses) await t.rejects(access(), { code: 'vault-overtaken' })
  t.same(readdirSync(folder), ['vault.sealed'])
  t.equal(await open(path).read(), 'the document')
})

t.test('a link, a pipe, a foreign or an open file is refused before it is read', async t => {
  const { folder, path } = await sealed(t)
  const unsafe = (why: RegExp) => t.rejects(open(path).read(), { code: 'vault-file-unsafe', message: why, remedy: /chmod 600/ })
  for (const mode of [0o640, 0o604, 0o620, 0o602]) {
    chmodSync(path, mode)
    await unsafe(/other users may read or write it/)
  }
  chmodSync(path, 0o600)
  const elsewhere = join(folder, 'elsewhere')
  copyFileSync(path, elsewhere)
  rmSync(path)
  symlinkSync(elsewhere, path)
  await unsafe(/symbolic link/)
  rmSync(path)
  mkdirSync(path)
  await unsafe(/not a file/)
  rmSync(path, { recursive: true })
  if (process.getuid?.() !== 0) return
  copyFileSync(elsewhere, path)
  chmodSync(path, 0o600)
  chownSync(path, 12_345, 12_345)
  await unsafe(/belongs to another user/)
})

t.test('a disk that is full or a folder that is gone is an error that names the file', async t => {
  const { folder, path } = await sealed(t)
  const store = open(path)
  await store.read()
  rmSync(folder, { recursive: true })
  await t.rejects(store.write('x'), { code: 'vault-unwritable', message: new RegExp(`${path} cannot be written: ENOENT`) })
  await t.rejects(store.probe(), { code: 'vault-unwritable' })
  if (process.platform === 'linux') await t.rejects(open('/proc/vault.sealed').probe(), { code: 'vault-unwritable' })
})

t.test('the key is made with the first document and read back; forgotten with the last', async t => {
  const path = join(t.testdir({}), 'vault.sealed')
  const { keychainItem } = vaultEdges({ folder: '', env: service.env, prefix: 'life-' })
  const item = keychainItem('vault-key')
  const store = open(path, keychainKey(item))
  await store.probe()
  t.equal(await item.read(), null, 'a canary makes no key')
  await store.write('first')
  const key = await item.read()
  t.match(key, /^v1:/)
  await store.setAside()
  await store.write('second')
  t.equal(await item.read(), key, 'what was set aside can still be opened')
  await store.remove()
  t.equal(await item.read(), null)
  await store.write('third')
  t.not(await item.read(), key, 'a new beginning has a new key: old copies stay closed')
  await store.remove()
})

t.test('a keychain that locks while everything is removed: the file is gone at once, the key when it can be', async t => {
  const path = join(t.testdir({}), 'vault.sealed')
  const { keychainItem } = vaultEdges({ folder: '', env: service.env, prefix: 'sign-out-' })
  const item = keychainItem('vault-key')
  const store = open(path, keychainKey(item))
  await store.write('kept')
  await service.lock()
  await t.rejects(store.remove(), { code: 'vault-locked' })
  t.same(readdirSync(join(path, '..')), [])
  await service.unlock()
  await store.remove()
  t.equal(await item.read(), null)
})
