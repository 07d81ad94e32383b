// The key of a sealed file as an item of the OS keychain.
import { randomBytes } from 'node:crypto'
import { HallpassError } from '../errors/hallpass-error.ts'
import { absent } from './keychain-errors.ts'
import type { Key, KeySource } from './vault-key.ts'
import type { VaultStore } from './vault-store.ts'

const prefix = 'v1:'

/** `item` is the key's own item. Its text is `v1:` and 32 bytes in base64url: 92 bytes in UTF-16, far below what any keychain refuses. */
export function keychainKey(item: VaultStore): KeySource {
  const place = item.describe()

  async function stored(): Promise<Key | undefined> {
    const text = await item.read()
    if (text === null) return undefined
    const bytes = Buffer.from(text.startsWith(prefix) ? text.slice(prefix.length) : '', 'base64url')
    if (bytes.length !== 32) throw new HallpassError('vault-unreadable', { where: place, why: 'it is not a key of hallpass' })
    return { bytes, derivation: { kind: 'kept' } }
  }

  return {
    kind: 'keychain',
    describe: () => 'the key is in your OS keychain',
    async existing(_header, where) {
      const key = await stored()
      if (!key) throw new HallpassError('vault-key-missing', { where, place })
      return key
    },
    async fresh() {
      const left = await stored()
      if (left) return left
      const bytes = randomBytes(32)
      await item.write(prefix + bytes.toString('base64url'))
      const key = await stored()
      if (!key?.bytes.equals(bytes)) throw absent('it does not give back the key that it was given')
      return key
    },
    async forget() {
      await item.remove()
    },
    probe: item.probe,
  }
}
