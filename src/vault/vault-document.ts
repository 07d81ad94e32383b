// The one document of the vault: named texts, held in memory, written behind to the store.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Clock } from '../terms/edges.ts'
import type { VaultStore } from './vault-store.ts'
import { writeQueue } from './write-queue.ts'

export type VaultDocument = {
  /** The text under a name, as last set, whether it was written yet or not. */
  get(name: string): string | undefined
  /** Keeps a text under a name, or with undefined forgets it: at once here, soon in the store. Never throws. */
  set(name: string, text: string | undefined): void
  /** Resolves when everything set before the call rests in the store; rejects with the HallpassError of a write that failed. */
  flush(): Promise<void>
  /** Forgets everything and resolves when the store holds no document. When it rejects, the removal is retried like any write. */
  remove(): Promise<void>
}

export type DocumentEdges = {
  clock: Clock
  /** From `openVault`: whether a document was written before. */
  written: boolean
  /** Hears of writes that failed (they are retried), and of a document that is gone (`vault-item-gone`). Must not throw. */
  onTrouble(error: HallpassError): void
}

const version = 1

/**
 * Reads the document; a store that holds none gives an empty one, and where one was `written` before, `onTrouble` hears that it is gone:
 * somebody removed it or reset the keychain, and there is nothing left that waiting could save.
 * Rejects with `vault-unreadable` when it is not ours or of a newer version (it stays as it is), or as the store does.
 */
export async function openDocument(store: VaultStore, { clock, written, onTrouble }: DocumentEdges): Promise<VaultDocument> {
  const text = await store.read()
  const entries = text === null ? new Map<string, string>() : parse(text, store.describe())
  if (text === null && written) onTrouble(new HallpassError('vault-item-gone', { where: store.describe() }))
  // An empty document is no item at all: signing out of everything leaves nothing behind.
  const queue = writeQueue(async () => (entries.size ? store.write(serialise(entries)) : store.remove()), clock, onTrouble)

  return {
    get: name => entries.get(name),
    set(name, text) {
      if (entries.get(name) === text) return
      if (text === undefined) entries.delete(name)
      else entries.set(name, text)
      queue.changed()
    },
    flush: () => queue.settled(),
    remove() {
      entries.clear()
      queue.changed()
      return queue.settled()
    },
  }
}

function serialise(entries: ReadonlyMap<string, string>): string {
  return JSON.stringify({ version, entries: Object.fromEntries(entries) })
}

function parse(text: string, where: string): Map<string, string> {
  const unreadable = (why: string) => new HallpassError('vault-unreadable', { where, why })
  const document = parseObject(text)
  if (!document) throw unreadable('it is not a document of hallpass')
  if (typeof document.version === 'number' && document.version > version)
    throw unreadable(`it has version ${document.version}, this hallpass knows up to ${version}`)
  if (document.version !== version || !isTexts(document.entries)) throw unreadable('it is not a document of hallpass')
  return new Map(Object.entries(document.entries))
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.values(value).every(text => typeof text === 'string')
}
