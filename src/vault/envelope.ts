// The bytes of a sealed file: a header that says how to open it, and the text under AES-256-GCM.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

/** How the key is found: 32 random bytes that somebody keeps for us, or derived from a passphrase (RFC 7914). */
export type Derivation = { kind: 'kept' } | { kind: 'scrypt'; log2N: number; r: number; p: number; salt: Buffer }

export type Header = {
  derivation: Derivation
  /** Tells one key from another without telling it: the first 8 bytes of a hash of the key, in hex. */
  keyId: string
  /** Counts the writes since the file began. */
  generation: bigint
}

/** What a file is, before a key is at hand. */
export type Peeked = { kind: 'sealed'; header: Header } | { kind: 'newer'; version: number } | { kind: 'foreign' }

const magic = Buffer.from('HALLPASS')
/** The version of the format that is written, the highest that can be read. */
export const formatVersion = 1
const [kept, scrypt] = [0, 1]

// Offsets in bytes: magic 0, version 8, derivation 9, log2 N 10, r 11, p 12, salt 13, key ID 29, generation 37, IV 45, tag 57, ciphertext 73.
const at = { version: 8, derivation: 9, cost: 10, salt: 13, keyId: 29, generation: 37, iv: 45, tag: 57, text: 73 }

/** Limits for what a header may ask of us: whoever can write the file could otherwise have us fill the memory. */
const costs = { log2N: [10, 20], r: [1, 16], p: [1, 4] } as const

/** The key's ID, as headers carry it. */
export function keyIdOf(key: Buffer): string {
  return createHash('sha256').update('hallpass vault key id\0').update(key).digest('hex').slice(0, 16)
}

export function peek(bytes: Buffer): Peeked {
  if (!bytes.subarray(0, magic.length).equals(magic) || bytes.length <= at.version) return { kind: 'foreign' }
  const version = bytes.readUInt8(at.version)
  if (version > formatVersion) return { kind: 'newer', version }
  const derivation = bytes.length < at.text ? undefined : derivationIn(bytes)
  if (version !== formatVersion || !derivation) return { kind: 'foreign' }
  const keyId = bytes.toString('hex', at.keyId, at.generation)
  return { kind: 'sealed', header: { derivation, keyId, generation: bytes.readBigUInt64BE(at.generation) } }
}

/**
 * The text under the key, with a fresh random IV. `name` is the file's own name: like the header it is authenticated, so that neither can be
 * changed, nor the file be put in the place of another.
 */
export function seal(text: string, key: Buffer, { derivation, generation, name }: Omit<Header, 'keyId'> & { name: string }): Buffer {
  const head = headBytes({ derivation, generation, keyId: keyIdOf(key) })
  const iv = randomBytes(at.tag - at.iv)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(associated(head, name))
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([head, iv, cipher.getAuthTag(), ciphertext])
}

/** The text of a file whose header was peeked; undefined when anything in it was changed. */
export function unseal(bytes: Buffer, key: Buffer, name: string): string | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(at.iv, at.tag), { authTagLength: at.text - at.tag })
  decipher.setAAD(associated(bytes.subarray(0, at.iv), name))
  decipher.setAuthTag(bytes.subarray(at.tag, at.text))
  const start = decipher.update(bytes.subarray(at.text))
  try {
    return Buffer.concat([start, decipher.final()]).toString('utf8')
  } catch (thrown) {
    // Node's only word for a tag that does not fit has no code of its own.
    if (thrown instanceof Error && /unable to authenticate/i.test(thrown.message)) return undefined
    throw thrown
  }
}

function associated(head: Buffer, name: string): Buffer {
  return Buffer.concat([head, Buffer.from(name, 'utf8')])
}

function headBytes({ derivation, keyId, generation }: Header): Buffer {
  const head = Buffer.alloc(at.iv)
  magic.copy(head)
  head.writeUInt8(formatVersion, at.version)
  if (derivation.kind === 'scrypt') {
    head.set([scrypt, derivation.log2N, derivation.r, derivation.p], at.derivation)
    derivation.salt.copy(head, at.salt, 0, at.keyId - at.salt)
  }
  head.write(keyId, at.keyId, 'hex')
  head.writeBigUInt64BE(generation, at.generation)
  return head
}

function derivationIn(bytes: Buffer): Derivation | undefined {
  const [kind, log2N = 0, r = 0, p = 0] = bytes.subarray(at.derivation, at.salt)
  if (kind === kept) return { kind: 'kept' }
  const fits = within(log2N, costs.log2N) && within(r, costs.r) && within(p, costs.p)
  return kind === scrypt && fits ? { kind: 'scrypt', log2N, r, p, salt: Buffer.from(bytes.subarray(at.salt, at.keyId)) } : undefined
}

function within(value: number, [least, most]: readonly [number, number]): boolean {
  return value >= least && value <= most
}
