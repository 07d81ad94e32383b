// A vault that forgets: the document lives as long as the process.
import type { VaultStore } from './vault-store.ts'

/** A store without a trace on the machine; empty at first. */
export function memoryStore(): VaultStore {
  let document: string | null = null
  return {
    kind: 'memory',
    describe: () => 'the memory of this process',
    read: async () => document,
    async write(text) {
      document = text
    },
    async remove() {
      const held = document !== null
      document = null
      return held
    },
  }
}
