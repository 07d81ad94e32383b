// Chooses where secrets rest, and never changes the place without a word.
import { asHallpassError, type HallpassError } from '../errors/hallpass-error.ts'
import type { Keychain } from './keychain.ts'
import { isMarked, remembering } from './marker.ts'
import { memoryStore } from './memory.ts'
import type { VaultStore } from './vault-store.ts'

export type VaultChoice = 'auto' | 'keychain' | 'memory'

export type OpenedVault = {
  store: VaultStore
  /** A document was written to this store in an earlier run: when it reads null now, that is a loss, not a first start. */
  written: boolean
  /** Why `auto` fell back to memory; to be said to the user. */
  warning?: HallpassError
}

/**
 * Opens the store for `choice` and proves with a canary that it works.
 * `keychain`: that, or rejects with why not. `memory`: always. `auto`: the keychain; where it does not work, memory and a warning,
 * unless the marker at `markerPath` (absolute, in a folder of ours that exists) says that a document rests in the keychain: then it rejects,
 * for a new, empty vault would look like a sign-out.
 */
export async function openVault(choice: VaultChoice, edges: { keychain: Keychain; markerPath: string }): Promise<OpenedVault> {
  if (choice === 'memory') return { store: memoryStore(), written: false }
  const written = await isMarked(edges.markerPath)
  try {
    await edges.keychain.probe()
  } catch (thrown) {
    if (choice === 'keychain' || written) throw thrown
    return { store: memoryStore(), written: false, warning: asHallpassError(thrown) }
  }
  return { store: remembering(edges.keychain, edges.markerPath, written), written }
}
