// A file that remembers where our document rests, so that a keychain that is gone or locked today is not taken for a new one.
import { readPrivateFile, removePrivateFile, replacePrivateFile } from './private-file.ts'
import type { KeySource } from './vault-key.ts'
import type { VaultStore } from './vault-store.ts'

/** The place of the document: the keychain's item, or a sealed file and who has its key. */
export type Place = { store: 'keychain' } | { store: 'sealed-file'; key: KeySource['kind'] }

export type Marker = {
  /** The place as read at the start; undefined when no document was ever written, or none is left. */
  readonly found: Place | undefined
  /** Writes the marker unless it says so already. */
  set(place: Place): Promise<void>
  clear(): Promise<void>
}

/** Reads the marker at `path`. Rejects with `vault-file-unsafe`. `fence` as in `replacePrivateFile`. */
export async function openMarker(path: string, fence: () => Promise<void>): Promise<Marker> {
  const bytes = await readPrivateFile(path)
  const found = bytes === null ? undefined : placeIn(bytes.toString('utf8'))
  let written = found
  return {
    found,
    async set(place) {
      if (sameText(written, place)) return
      await replacePrivateFile(path, `${JSON.stringify({ version: 1, ...place })}\n`, fence)
      written = place
    },
    async clear() {
      await removePrivateFile(path)
      written = undefined
    },
  }
}

/** The same store, which leaves the marker once it is known to hold a document and takes it away with the document. */
export function remembering(store: VaultStore, marker: Marker, placeOf: () => Place): VaultStore {
  return {
    get kind() {
      return store.kind
    },
    describe: store.describe,
    probe: store.probe,
    async read() {
      const document = await store.read()
      if (document !== null) await marker.set(placeOf())
      return document
    },
    async write(text) {
      await store.write(text)
      await marker.set(placeOf())
    },
    async remove() {
      const held = await store.remove()
      await marker.clear()
      return held
    },
    async setAside() {
      const aside = await store.setAside()
      await marker.clear()
      return aside
    },
  }
}

/** A marker that cannot be understood still says that there was a document; the keychain is where they rest unless told otherwise. */
function placeIn(text: string): Place {
  const place = parsed(text)
  if (place?.store !== 'sealed-file') return { store: 'keychain' }
  return { store: 'sealed-file', key: place.key === 'passphrase' || place.key === 'credential' ? place.key : 'keychain' }
}

function parsed(text: string): Partial<Record<'store' | 'key', unknown>> | undefined {
  try {
    return JSON.parse(text) ?? undefined
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}

function sameText(one: Place | undefined, other: Place): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other)
}
