// PKCS#12 files (RFC 7292), as PowerShell and openssl export them, in the old encryption (RC2, Triple DES) and the new (PBES2 with AES).
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { HallpassError } from '../../errors/hallpass-error.ts'
import type { FoundMaterial } from './material.ts'

type Forge = typeof import('node-forge')

/** True for a DER or BER sequence whose first element is the version number 3. */
export function isPkcs12(bytes: Buffer): boolean {
  return /^\x30(?:[\x00-\x7f]|\x80|\x81.|\x82..|\x83...|\x84....)\x02\x01\x03/s.test(bytes.toString('latin1', 0, 16))
}

/**
 * Everything that the file holds. `password` undefined stands for a file without one. Rejects with certificate-password-missing,
 * certificate-password-wrong or certificate-unreadable.
 */
export async function readPkcs12(bytes: Buffer, password: string | undefined): Promise<FoundMaterial> {
  const forge = (await import('node-forge')).default
  const bags = openBags(forge, bytes, password)
  return { keys: bags.flatMap(bag => keyOf(forge, bag)), certificates: bags.flatMap(bag => certificateOf(forge, bag)) }
}

type Bag = import('node-forge').pkcs12.Bag

function openBags(forge: Forge, bytes: Buffer, password: string | undefined): Bag[] {
  const asn1 = parse(forge, bytes)
  const failures: unknown[] = []
  for (const [content, attempt] of attemptsAt(forge, asn1, password)) {
    try {
      return forge.pkcs12.pkcs12FromAsn1(content, false, attempt).safeContents.flatMap(({ safeBags }) => safeBags)
    } catch (error) {
      failures.push(error)
      if (password && isMacFailure(error)) break
    }
  }
  const [failure] = failures
  if (!isWrongPassword(failure)) throw new HallpassError('certificate-unreadable', { why: describe(failure) }, { cause: failure })
  throw new HallpassError(password ? 'certificate-password-wrong' : 'certificate-password-missing', {}, { cause: failure })
}

type Asn1 = import('node-forge').asn1.Asn1

/**
 * Files without a password differ in whether they were made with none or with the empty one. With a password, its MAC and the old encryption take it
 * as UTF-16, which forge does; PBES2 takes UTF-8, which forge does not: that is tried without the MAC, which by then is verified.
 */
function attemptsAt(forge: Forge, asn1: Asn1, password: string | undefined): [Asn1, string | undefined][] {
  if (!password)
    return [
      [asn1, ''],
      [asn1, undefined],
    ]
  const withoutMac = { ...asn1, value: (asn1.value as Asn1[]).slice(0, 2) }
  return [
    [asn1, password],
    [withoutMac, forge.util.encodeUtf8(password)],
  ]
}

function parse(forge: Forge, bytes: Buffer): Asn1 {
  try {
    return forge.asn1.fromDer(bytes.toString('binary'), { strict: true, parseAllBytes: true } as never)
  } catch (error) {
    throw new HallpassError('certificate-unreadable', { why: 'it is damaged, or was cut off' }, { cause: error })
  }
}

// forge 1.4.3 in its own words.
function isMacFailure(error: unknown): boolean {
  return error instanceof Error && error.message.includes('MAC could not be verified')
}

/** Without a MAC, only the decryption fails. */
function isWrongPassword(error: unknown): boolean {
  return (
    isMacFailure(error) || (error instanceof Error && /wrong password|Failed to decrypt|Too few bytes|Unparsed DER/.test(error.message))
  )
}

function describe(error: unknown): string {
  if (error instanceof Error && /[Uu]nsupported|Unknown (OID|hash)|password integrity mode/.test(error.message))
    return 'it is encrypted or signed in a way that hallpass does not know'
  return 'it is no PKCS#12 file with a password, or is damaged'
}

function keyOf(forge: Forge, { type, key, asn1 }: Bag): KeyObject[] {
  if (type !== forge.pki.oids.keyBag && type !== forge.pki.oids.pkcs8ShroudedKeyBag) return []
  const info = key ? forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key)) : asn1
  return [createPrivateKey({ key: derOf(forge, info), format: 'der', type: 'pkcs8' })]
}

function certificateOf(forge: Forge, { type, cert, asn1 }: Bag): X509Certificate[] {
  if (type !== forge.pki.oids.certBag) return []
  return [new X509Certificate(derOf(forge, cert ? forge.pki.certificateToAsn1(cert) : asn1))]
}

function derOf(forge: Forge, asn1: Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'binary')
}
