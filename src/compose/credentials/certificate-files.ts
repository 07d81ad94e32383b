// Files that hold a private key: read only when they are the user's own.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { HallpassError } from '../../errors/hallpass-error.ts'
import { describeCertificate, type KeyAndChain } from '../../identity/certificates/client-certificate.ts'
import { isPkcs12 } from '../../identity/certificates/pkcs12.ts'
import { readCertificate } from '../../identity/certificates/read-certificate.ts'
import { looksLikeCertificateId } from '../../terms/client-secret.ts'
import { printable } from '../../terms/printable.ts'
import { namesCertificate, normaliseThumbprint } from '../../terms/thumbprint.ts'

/** Bytes that a key with its certificates can have. */
const mostBytes = 1 << 20

/**
 * Key and certificates from one file or from several that belong together. Rejects with certificate-is-id, certificate-file-missing, -unsafe or
 * -failed, and as reading their content does.
 */
export function readCertificateFiles(paths: readonly string[], password: string | undefined): Promise<KeyAndChain> {
  return readCertificate(paths.map(readOwnFile), password)
}

/** Throws certificate-is-id for the number that the portal shows beside a thumbprint. */
export function refuseCertificateId(text: string): void {
  const wanted = 'the thumbprint, which stands beside it in the portal'
  if (looksLikeCertificateId(text)) throw new HallpassError('certificate-is-id', { text: text.trim(), wanted })
}

/** Throws certificate-other unless the thumbprint, however written, is that of the certificate. */
export function confirmThumbprint({ chain }: KeyAndChain, text: string): void {
  const { thumbprints } = describeCertificate(chain[0] ?? '')
  if (namesCertificate(text, thumbprints)) return
  throw new HallpassError('certificate-other', { thumbprint: printable(text, 100), found: thumbprints.sha1 })
}

/** Throws unless the file is the user's own: a plain file, theirs, closed to others where it holds a private key. */
export function readOwnFile(path: string): Buffer {
  refuseOtherThings(basename(path))
  const named = printable(path)
  try {
    // What is opened is what is looked at. A link could be turned to another file, a pipe would be waited for.
    const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
    try {
      return readChecked(descriptor, named)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    if (error instanceof HallpassError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new HallpassError('certificate-file-missing', { path: named })
    if (code === undefined) throw error
    throw new HallpassError('certificate-file-failed', { path: named, why: reasons[code] ?? code }, { cause: error })
  }
}

const reasons: Readonly<Record<string, string>> = {
  ELOOP: 'it is a symbolic link; name the file itself',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENXIO: 'it is not a file',
}

function readChecked(descriptor: number, path: string): Buffer {
  const failed = (why: string) => new HallpassError('certificate-file-failed', { path, why })
  const stats = fstatSync(descriptor)
  if (stats.isDirectory()) throw failed('it is a folder')
  if (!stats.isFile()) throw failed('it is not a file')
  if (stats.size > mostBytes) throw failed('it is larger than 1 MiB')
  const bytes = readFileSync(descriptor)
  const own = process.getuid?.()
  if (own === undefined || !mayHoldKey(bytes)) return bytes
  if (stats.uid !== own)
    throw new HallpassError('certificate-file-unsafe', { path, why: 'belongs to another user', fix: 'Copy it, and import your copy.' })
  if (stats.mode & 0o077)
    throw new HallpassError('certificate-file-unsafe', {
      path,
      why: 'other users may read or change it',
      fix: `Close it: \`chmod 600 ${path}\`; and consider whether somebody has read it.`,
    })
  return bytes
}

/** A certificate alone is public. */
function mayHoldKey(bytes: Buffer): boolean {
  return bytes.includes('PRIVATE KEY-----') || isPkcs12(bytes)
}

function refuseOtherThings(text: string): void {
  const wanted = 'the file that holds certificate and private key'
  if (looksLikeCertificateId(text)) throw new HallpassError('certificate-is-id', { text: text.trim(), wanted })
  if (normaliseThumbprint(text)) throw new HallpassError('certificate-is-thumbprint')
}
