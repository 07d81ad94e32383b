// Where the key of a sealed file comes from: the narrow interface that its sources keep.
import type { Derivation, Header } from './envelope.ts'

export type Key = { bytes: Buffer; derivation: Derivation }

/** Every method rejects with a HallpassError (`vault-*`). A missing or another key is never answered with a new one. */
export type KeySource = {
  readonly kind: 'keychain' | 'passphrase' | 'credential'
  /** For people, as the second half of "encrypted on disk; …": "the key is in your OS keychain". */
  describe(): string
  /** The key for a file that is there. Rejects with `vault-key-missing` when there is none; whether it fits is for the caller to see. */
  existing(header: Header, where: string): Promise<Key>
  /** The key for a file that is not there yet: made, kept, and read back. */
  fresh(): Promise<Key>
  /** Makes the key unobtainable, so that copies of the file stay closed; nothing where the key is the user's own. */
  forget(): Promise<void>
  /** Proves with a canary that the source could keep a key. */
  probe(): Promise<void>
}
