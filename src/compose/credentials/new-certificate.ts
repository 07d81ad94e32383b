// A new certificate for a profile, and its public part as files to upload.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HallpassError } from '../../errors/hallpass-error.ts'
import { describeCertificate, type KeyAndChain } from '../../identity/certificates/client-certificate.ts'
import { makeCertificate } from '../../identity/certificates/make-certificate.ts'
import { day } from '../../terms/expiry.ts'
import { printable } from '../../terms/printable.ts'

/** Sizes of RSA key that Entra ID takes and that are long enough. */
export const keySizes = [2048, 3072, 4096] as const

/** Clocks differ: a certificate that begins now may begin in somebody's future. Milliseconds. */
const tolerance = 5 * 60_000

/** Makes a key pair and a certificate that is good for so many days from `now` (milliseconds since the epoch). */
export function newCertificate(
  profile: string,
  { bits, days, now }: { bits: (typeof keySizes)[number]; days: number; now: number },
): Promise<KeyAndChain> {
  return makeCertificate({ name: `hallpass ${profile}`, bits, notBefore: now - tolerance, notAfter: now + days * day })
}

/** Paths of the public part. */
export type PublicFiles = { pem: string; der: string }

/**
 * Writes the public part of a certificate into a folder, as PEM and as DER, under names that no other certificate has. Throws
 * certificate-file-failed; a file that is there is not replaced.
 */
export function writePublicFiles(folder: string, profile: string, certificate: string): PublicFiles {
  const { pem, thumbprints } = describeCertificate(certificate)
  const name = join(folder, `hallpass-${profile}-${thumbprints.sha1.slice(0, 8)}`)
  const files = { pem: `${name}.pem`, der: `${name}.cer` }
  write(files.pem, pem)
  write(files.der, Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'))
  return files
}

function write(path: string, content: string | Buffer): void {
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o644 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new HallpassError('certificate-file-failed', { path: printable(path), why: reasons[code] ?? code }, { cause: error })
  }
}

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'it is there already',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is no folder',
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
}
