// Chooses where secrets rest, and never changes the place without a word.
import { join } from 'node:path'
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'
import type { Clock } from '../terms/edges.ts'
import { peek } from './envelope.ts'
import { keychainKey } from './keychain-key.ts'
import type { Fence } from './keychain-messages.ts'
import { type Marker, openMarker, type Place, remembering } from './marker.ts'
import { memoryStore } from './memory.ts'
import { overflowing } from './overflowing.ts'
import { type Passphrase, passphraseKey } from './passphrase-key.ts'
import { readPrivateFile, sweepDrafts } from './private-file.ts'
import { sealedFile } from './sealed-file.ts'
import type { KeySource } from './vault-key.ts'
import { type LockEdges, takeLock, type VaultLock } from './vault-lock.ts'
import type { VaultStore } from './vault-store.ts'

/** `key`: who has the key of a sealed file that is asked for by name. */
export type VaultChoice = { vault: 'auto' | 'keychain' | 'sealed-file' | 'memory'; key: KeySource['kind'] }

export type VaultEdges = LockEdges & {
  clock: Clock
  platform: NodeJS.Platform
  /** Absolute; a folder that exists and is ours alone. Holds marker, lock and sealed file. */
  folder: string
  /** The keychain's item under an account, changed only while the fence stands. */
  keychainItem(account: string, fence: Fence): VaultStore
  passphrase(kind: Passphrase['kind']): Passphrase
  /** Hears when the document moves from the keychain's item to a sealed file (`vault-moved`). Must not throw. */
  onTrouble(error: HallpassError): void
}

export type OpenedVault = {
  store: VaultStore
  /** A document was written to this store in an earlier run: when it reads null now, that is a loss, not a first start. */
  written: boolean
  /** Why `auto` fell back to memory, or what stays behind in another place; to be said to the user. */
  warning?: HallpassError
  /** Lets the next process open the vault. */
  close(): Promise<void>
}

/**
 * Opens the store of a choice, for this process alone, and proves with a canary that it works. `keychain`: the item, or a file sealed under a
 * key in the keychain where items are too small. `sealed-file`: that file, with the key of the choice. `memory`: always. `auto`: where the
 * document was before, else the keychain; where that does not work, memory and a warning, but only if no document rests anywhere: a new,
 * empty vault would look like a sign-out. Rejects with why not (`vault-*`), also when another process has the vault open.
 */
export async function openVault(choice: VaultChoice, edges: VaultEdges): Promise<OpenedVault> {
  if (choice.vault === 'memory') return inMemory()
  const lock = await takeLock(join(edges.folder, 'vault.lock'), edges)
  try {
    const opened = await openLocked(choice, edges, lock)
    if (opened.store.kind === 'memory') await lock.release()
    return opened
  } catch (thrown) {
    await lock.release()
    throw thrown
  }
}

async function openLocked(choice: VaultChoice, edges: VaultEdges, lock: VaultLock): Promise<OpenedVault> {
  const [sealedPath, markerPath] = [join(edges.folder, 'vault.sealed'), join(edges.folder, 'vault.json')]
  for (const path of [sealedPath, markerPath]) await sweepDrafts(path)
  const marker = await openMarker(markerPath, lock.check)
  const before = marker.found ?? (await placeOfFile(sealedPath))
  const place = chosenPlace(choice, before)
  const store = storeAt(place, choice, sealedPath, marker, edges, lock)
  try {
    await store.probe()
  } catch (thrown) {
    if (choice.vault === 'auto' && !before) return inMemory(asHallpassError(thrown))
    throw thrown
  }
  const leftBehind = before && !isSame(before, place) ? before : undefined
  return {
    store,
    written: before !== undefined && !leftBehind,
    ...(leftBehind && { warning: behind(leftBehind, sealedPath) }),
    close: lock.release,
  }
}

function inMemory(warning?: HallpassError): OpenedVault {
  return { store: memoryStore(), written: false, ...(warning && { warning }), close: async () => undefined }
}

/** When the marker is lost, the file itself tells. */
async function placeOfFile(path: string): Promise<Place | undefined> {
  const bytes = await readPrivateFile(path)
  const found = bytes && peek(bytes)
  if (!found) return undefined
  return { store: 'sealed-file', key: found.kind === 'sealed' && found.header.derivation.kind === 'scrypt' ? 'passphrase' : 'keychain' }
}

function chosenPlace({ vault, key }: VaultChoice, before: Place | undefined): Place {
  if (vault === 'sealed-file') return { store: 'sealed-file', key }
  const inKeychain = before?.store === 'keychain' || before?.key === 'keychain'
  return before && (vault === 'auto' || inKeychain) ? before : { store: 'keychain' }
}

function storeAt(place: Place, { vault }: VaultChoice, path: string, marker: Marker, edges: VaultEdges, lock: VaultLock): VaultStore {
  const { clock, keychainItem } = edges
  const ofPassphrase = place.store === 'sealed-file' && place.key !== 'keychain' ? place.key : undefined
  const source = ofPassphrase ? passphraseKey(edges.passphrase(ofPassphrase)) : keychainKey(keychainItem('vault-key', lock.fence))
  const sealed = sealedFile({ path, source, lock, clock })
  const inFile: Place = { store: 'sealed-file', key: source.kind }
  if (ofPassphrase || vault === 'sealed-file') return remembering(sealed, marker, () => inFile)
  const store = overflowing({
    item: keychainItem('vault', lock.fence),
    sealed,
    // Windows: an item holds 2,560 bytes, less than any token cache.
    startsSealed: place.store === 'sealed-file' || edges.platform === 'win32',
    onMove: async notice => {
      await marker.set(inFile)
      edges.onTrouble(notice)
    },
  })
  return remembering(store, marker, () => (store.kind === 'keychain' ? { store: 'keychain' } : inFile))
}

/** A passphrase is one, whoever hands it over. */
function isSame(one: Place, other: Place): boolean {
  const isTyped = (place: Place) => place.store === 'sealed-file' && place.key !== 'keychain'
  return one.store === other.store && isTyped(one) === isTyped(other)
}

function behind(place: Place, sealedPath: string): HallpassError {
  const where = place.store === 'keychain' ? 'the OS keychain' : `the sealed file ${sealedPath}`
  return new HallpassError('vault-left-behind', { where, store: place.store })
}
