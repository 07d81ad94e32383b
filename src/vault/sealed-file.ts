// The vault as one file, sealed under a key that rests elsewhere.
import { basename } from 'node:path'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Clock } from '../terms/edges.ts'
import { formatVersion, type Header, keyIdOf, peek, seal, unseal } from './envelope.ts'
import { inOrder } from './in-order.ts'
import { movePrivateFile, moveToDraft, probeFolder, readPrivateFile, removePrivateFile, replacePrivateFile } from './private-file.ts'
import type { Key, KeySource } from './vault-key.ts'
import type { VaultLock } from './vault-lock.ts'
import type { VaultStore } from './vault-store.ts'

export type SealedFileOptions = {
  /** Absolute, in a folder that is ours alone. */
  path: string
  source: KeySource
  lock: Pick<VaultLock, 'check'>
  clock: Clock
}

/** The sealed file at `path`, for the holder of the lock. Nothing is touched before the first call; one call runs at a time, in order. */
export function sealedFile({ path, source, lock, clock }: SealedFileOptions): VaultStore {
  const name = basename(path)
  const where = `the sealed file ${path} (encrypted on disk; ${source.describe()})`
  const inTurn = inOrder()
  let key: Key | undefined
  /** Of the file that we read or wrote last; undefined before, and when there is none. */
  let generation: bigint | undefined

  async function fileThere(): Promise<{ bytes: Buffer; header: Header } | undefined> {
    const bytes = await readPrivateFile(path)
    if (bytes === null) return undefined
    const found = peek(bytes)
    if (found.kind === 'newer') throw new HallpassError('vault-newer', { where, version: found.version, known: formatVersion })
    if (found.kind === 'foreign') throw new HallpassError('vault-damaged', { where, why: 'it is not a sealed file of hallpass' })
    return { bytes, header: found.header }
  }

  async function keyFor(header: Header): Promise<Key> {
    key ??= await fitting(source, header, where)
    if (keyIdOf(key.bytes) !== header.keyId) throw new HallpassError('vault-overtaken')
    return key
  }

  async function read(): Promise<string | null> {
    const there = await fileThere()
    generation = there?.header.generation
    if (!there) return null
    const text = unseal(there.bytes, (await keyFor(there.header)).bytes, name)
    if (text === undefined) throw new HallpassError('vault-damaged', { where, why: 'it was changed after hallpass sealed it' })
    return text
  }

  async function write(text: string): Promise<void> {
    const there = await fileThere()
    key = there ? await keyFor(there.header) : (key ?? (await source.fresh()))
    const { bytes: secret, derivation } = key
    const before = there?.header.generation ?? 0n
    if (there && generation !== undefined && generation !== before) throw new HallpassError('vault-overtaken')
    await replacePrivateFile(path, seal(text, secret, { derivation, generation: before + 1n, name }), lock.check)
    generation = before + 1n
  }

  /** Out of sight, then the key, so that copies in a backup stay closed, then the bytes: after a crash in between, nothing is half there. */
  async function remove(): Promise<boolean> {
    await lock.check()
    const draft = await moveToDraft(path)
    generation = undefined
    if (key?.derivation.kind === 'kept') key = undefined
    try {
      await source.forget()
    } finally {
      if (draft) await removePrivateFile(draft)
    }
    return draft !== undefined
  }

  async function setAside(): Promise<string> {
    await lock.check()
    const aside = `${path}.unreadable-${new Date(clock.now()).toISOString().replace(/[-:.]/g, '')}`
    if (!(await movePrivateFile(path, aside))) throw new HallpassError('vault-item-gone', { where })
    generation = undefined
    return aside
  }

  async function probe(): Promise<void> {
    await lock.check()
    if (!key) await obtainKey()
    await probeFolder(path)
  }

  /** While somebody may still be there to be asked. A keychain's key is only made with the first document. */
  async function obtainKey(): Promise<void> {
    const header = await fileThere().then(there => there?.header, passOverDamage)
    if (header) key = await fitting(source, header, where)
    else if (source.kind === 'keychain') await source.probe()
    else key = await source.fresh()
  }

  return {
    kind: 'sealed-file',
    describe: () => where,
    read: () => inTurn(read),
    write: text => inTurn(() => write(text)),
    remove: () => inTurn(remove),
    setAside: () => inTurn(setAside),
    probe: () => inTurn(probe),
  }
}

async function fitting(source: KeySource, header: Header, where: string): Promise<Key> {
  const fromPassphrase = header.derivation.kind === 'scrypt'
  if (fromPassphrase === (source.kind === 'keychain'))
    throw new HallpassError('vault-key-elsewhere', { where, key: fromPassphrase ? 'a passphrase' : 'a key in the OS keychain' })
  const key = await source.existing(header, where)
  if (keyIdOf(key.bytes) === header.keyId) return key
  throw new HallpassError(fromPassphrase ? 'vault-passphrase-wrong' : 'vault-key-mismatch', { where })
}

/** What is damaged is set aside when it is read. */
function passOverDamage(thrown: unknown): undefined {
  if (thrown instanceof HallpassError && thrown.code === 'vault-damaged') return undefined
  throw thrown
}
