// The keychain as the guard of the document: in its item, and once that is too small, in a file sealed under a key that the keychain holds.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { VaultStore } from './vault-store.ts'

export type OverflowingOptions = {
  item: VaultStore
  sealed: VaultStore
  /** The document rests in the sealed file already, or the items of this keychain are known to be too small. */
  startsSealed: boolean
  /** Called once when the document moves, before its old place is cleared. Rejects when that cannot be remembered; the move is then tried again. */
  onMove(notice: HallpassError): Promise<void>
}

/** One store over both. It never goes back: what was too large once will be again. */
export function overflowing({ item, sealed, startsSealed, onMove }: OverflowingOptions): VaultStore {
  let inFile = startsSealed
  /** The item may still hold the document from before the move. */
  let itemToClear = startsSealed
  const place = () => (inFile ? sealed : item)

  async function clearItem(): Promise<void> {
    if (!itemToClear) return
    await item.remove()
    itemToClear = false
  }

  async function moveWith(text: string): Promise<void> {
    await sealed.write(text)
    await onMove(new HallpassError('vault-moved', { from: item.describe(), to: sealed.describe() }))
    inFile = true
    itemToClear = true
  }

  async function write(text: string): Promise<void> {
    try {
      await place().write(text)
    } catch (thrown) {
      if (inFile || !(thrown instanceof HallpassError && thrown.code === 'vault-too-large')) throw thrown
      await moveWith(text)
    }
    if (inFile) await clearItem()
  }

  return {
    get kind() {
      return place().kind
    },
    describe: () => place().describe(),
    read: () => place().read(),
    write,
    async remove() {
      if (!inFile) return item.remove()
      const held = await sealed.remove()
      await clearItem()
      return held
    },
    setAside: () => place().setAside(),
    probe: () => place().probe(),
  }
}
