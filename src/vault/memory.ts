// A vault that forgets: the document lives as long as the process.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { VaultStore } from './vault-store.ts'

/** A store without a trace on the machine; empty at first. */
export function memoryStore(): VaultStore {
  const where = 'the memory of this process'
  let document: string | null = null
  return {
    kind: 'memory',
    describe: () => where,
    read: async () => document,
    async write(text) {
      document = text
    },
    async remove() {
      const held = document !== null
      document = null
      return held
    },
    // Only this process could have written it, so there is nobody for whom it should be kept.
    async setAside() {
      if (document === null) throw new HallpassError('vault-item-gone', { where })
      document = null
      return where
    },
    probe: async () => undefined,
  }
}
