// A file that remembers that the keychain held our document, so that a keychain that is gone or locked today is not taken for a new one.
import { randomUUID } from 'node:crypto'
import { lstat, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { VaultStore } from './vault-store.ts'

/** True when the marker exists. Rejects with `state-folder-unsafe` when that cannot be told. */
export async function isMarked(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw unusable(path, thrown)
  }
}

/** The same store, which leaves the marker once it is known to hold a document and takes it away with the document. `marked`: it is there. */
export function remembering(store: VaultStore, path: string, marked: boolean): VaultStore {
  async function mark(): Promise<void> {
    if (marked) return
    await writeMarker(path)
    marked = true
  }
  async function unmark(): Promise<void> {
    await rm(path, { force: true }).catch(thrown => {
      throw unusable(path, thrown)
    })
    marked = false
  }
  return {
    kind: store.kind,
    describe: store.describe,
    async read() {
      const document = await store.read()
      if (document !== null) await mark()
      return document
    },
    async write(text) {
      await store.write(text)
      await mark()
    },
    async remove() {
      const held = await store.remove()
      await unmark()
      return held
    },
    async setAside() {
      const aside = await store.setAside()
      await unmark()
      return aside
    },
  }
}

async function writeMarker(path: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await writeFile(temporary, `${JSON.stringify({ version: 1, store: 'keychain' })}\n`, { flag: 'wx', mode: 0o600, flush: true })
    await rename(temporary, path)
  } catch (thrown) {
    await rm(temporary, { force: true })
    throw unusable(path, thrown)
  }
}

function unusable(path: string, thrown: unknown): HallpassError {
  const why = (thrown as NodeJS.ErrnoException).code ?? 'it cannot be written'
  return new HallpassError('state-folder-unsafe', { path: dirname(path), why }, { cause: thrown })
}
