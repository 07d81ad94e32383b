// The one document of the vault: named texts, held in memory, written behind to the store.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Clock } from '../terms/edges.ts'
import { readDocumentText, writeDocumentText } from './document-text.ts'
import { type Entries, type Migration, migrate, migrations, versionAfter } from './migrations.ts'
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
  /** The failure of the last write, until one succeeds: what is held here does not rest in the store yet. */
  trouble(): HallpassError | undefined
  /** Proves that the store could keep something now. Rejects with the error that names why not and what to do. */
  probe(): Promise<void>
}

export type DocumentEdges = {
  clock: Clock
  /** From `openVault`: whether a document was written before. */
  written: boolean
  /** Hears of writes that failed (they are retried), of a document that is gone (`vault-item-gone`) or was set aside. Must not throw. */
  onTrouble(error: HallpassError): void
  /** The steps from version to version; ours unless a test brings its own. */
  steps?: readonly Migration[]
}

/**
 * Reads the document; a store that holds none gives an empty one, and where one was `written` before, `onTrouble` hears that it is gone:
 * somebody removed it or reset the keychain, and there is nothing left that waiting could save. One of an earlier version is migrated and
 * written at once. One that is not ours is set aside, never deleted, and `onTrouble` hears where it is (`vault-set-aside`).
 * Rejects with `vault-newer` or `vault-unreadable` when it is of a later version or does not migrate (it stays as it is), or as the store does.
 */
export async function openDocument(store: VaultStore, edges: DocumentEdges): Promise<VaultDocument> {
  const { clock, onTrouble, steps = migrations } = edges
  const known = versionAfter(steps)
  const { version, entries: read } = await readEntries(store, edges, known)
  const entries = new Map(version < known ? migrated(store, read, version, steps, clock) : read)
  // An empty document is no item at all: signing out of everything leaves nothing behind.
  const write = () => (entries.size ? store.write(writeDocumentText(known, entries)) : store.remove())
  const queue = writeQueue(async () => write(), clock, onTrouble)
  if (version < known) queue.changed()

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
    trouble: queue.trouble,
    probe: () => store.probe(),
  }
}

async function readEntries(
  store: VaultStore,
  { written, onTrouble }: DocumentEdges,
  known: number,
): Promise<{ version: number; entries: Entries }> {
  const where = store.describe()
  const setAside = async (why: string) => {
    const aside = await store.setAside()
    onTrouble(new HallpassError('vault-set-aside', { where, aside, why }))
    return { version: known, entries: new Map() }
  }
  const text = await readUndamaged(store)
  if (text instanceof HallpassError) return setAside(String(text.particulars.why))
  if (text === null) {
    if (written) onTrouble(new HallpassError('vault-item-gone', { where }))
    return { version: known, entries: new Map() }
  }
  const found = readDocumentText(text, known)
  if (found.kind === 'newer') throw new HallpassError('vault-newer', { where, version: found.version, known })
  return found.kind === 'document' ? found : setAside('it is not a document of hallpass')
}

/** The document's text, or the error that says how it is damaged. */
async function readUndamaged(store: VaultStore): Promise<string | null | HallpassError> {
  try {
    return await store.read()
  } catch (thrown) {
    if (thrown instanceof HallpassError && thrown.code === 'vault-damaged') return thrown
    throw thrown
  }
}

function migrated(store: VaultStore, entries: Entries, from: number, steps: readonly Migration[], clock: Clock): Entries {
  try {
    return migrate(entries, from, steps, clock.now())
  } catch (thrown) {
    // What the step says may quote an entry, so it is not passed on.
    const why = `what version ${from} wrote does not convert to version ${versionAfter(steps)}`
    throw new HallpassError('vault-unreadable', { where: store.describe(), why }, { cause: thrown })
  }
}
