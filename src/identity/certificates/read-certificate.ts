// From the bytes of a file to a key and its certificates, whatever the format.
import { X509Certificate } from 'node:crypto'
import { HallpassError } from '../../errors/hallpass-error.ts'
import type { KeyAndChain } from './client-certificate.ts'
import { type FoundMaterial, pairUp } from './material.ts'
import { isPem, readPem } from './pem.ts'
import { isPkcs12, readPkcs12 } from './pkcs12.ts'

/**
 * The key and certificates of one PEM or PKCS#12 file, or of several that belong together (a key and a certificate apart). The password is that
 * of whatever is encrypted. Rejects with certificate-unreadable, -none, -no-key, -several-keys, -password-missing or -password-wrong.
 */
export async function readCertificate(files: readonly Buffer[], password: string | undefined): Promise<KeyAndChain> {
  const found = await Promise.all(files.map(bytes => readOne(bytes, password)))
  return pairUp({ keys: found.flatMap(({ keys }) => keys), certificates: found.flatMap(({ certificates }) => certificates) })
}

async function readOne(bytes: Buffer, password: string | undefined): Promise<FoundMaterial> {
  if (isPem(bytes)) return readPem(bytes, password)
  if (isPkcs12(bytes)) return readPkcs12(bytes, password)
  const certificate = asCertificate(bytes)
  if (certificate) return { keys: [], certificates: [certificate] }
  throw new HallpassError('certificate-unreadable', { why: 'it is neither PEM nor PKCS#12' })
}

/** A certificate alone in DER, as the portal and the certificate dialog of Windows give it. */
function asCertificate(bytes: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes)
  } catch {
    return undefined
  }
}
