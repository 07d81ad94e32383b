// The key of a sealed file from a passphrase, by scrypt (RFC 7914). Nothing is kept but the salt, in the file's header.
import { randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Derivation } from './envelope.ts'
import type { Key, KeySource } from './vault-key.ts'

const deriveKey = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt)

type Scrypt = Extract<Derivation, { kind: 'scrypt' }>
export type Cost = Pick<Scrypt, 'log2N' | 'r' | 'p'>

/** 128 MiB and about half a second (OWASP's first choice for scrypt, 2024): once in a daemon's life. */
const usualCost: Cost = { log2N: 17, r: 8, p: 1 }

/** Characters that a new passphrase must have: a file can be attacked offline, without anybody to slow it down. */
const leastLength = 12

export type Passphrase = {
  kind: 'passphrase' | 'credential'
  /** For people: "the key comes from a passphrase". */
  description: string
  /** Asks for the passphrase, or reads it; `fresh`: for a file that is not there yet. Rejects with `vault-passphrase-missing`. */
  obtain(fresh: boolean): Promise<string>
}

export function passphraseKey({ kind, description, obtain }: Passphrase, cost = usualCost): KeySource {
  return {
    kind,
    describe: () => description,
    async existing({ derivation }, where) {
      if (derivation.kind !== 'scrypt') throw new HallpassError('vault-key-elsewhere', { where, key: 'a key in the OS keychain' })
      return derive(await obtain(false), derivation)
    },
    async fresh() {
      const passphrase = await obtain(true)
      if (passphrase.length < leastLength) throw new HallpassError('vault-passphrase-short', { least: leastLength })
      return derive(passphrase, { kind: 'scrypt', ...cost, salt: randomBytes(16) })
    },
    forget: async () => undefined,
    probe: async () => undefined,
  }
}

async function derive(passphrase: string, derivation: Scrypt): Promise<Key> {
  const { log2N, r, p, salt } = derivation
  const N = 2 ** log2N
  // Normalised, so that the same characters from another keyboard are the same passphrase.
  const bytes = await deriveKey(passphrase.normalize('NFC'), salt, 32, { N, r, p, maxmem: 128 * N * r + 1024 * 1024 * p * r })
  return { bytes, derivation }
}
