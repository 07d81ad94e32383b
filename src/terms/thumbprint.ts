// Thumbprints of certificates, however people write them.

/**
 * The hexadecimal digits of a SHA-1 (40) or SHA-256 (64) thumbprint, in capitals; undefined when the text is none. Colons, blanks and any case are
 * put up with, and the invisible mark that the certificate dialog of Windows copies along.
 */
export function normaliseThumbprint(text: string): string | undefined {
  const digits = text.replace(/[\s:\u200e\u200f\ufeff-]/g, '').toUpperCase()
  return /^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(digits) ? digits : undefined
}

/** Both thumbprints of one certificate, as `normaliseThumbprint` writes them. */
export type Thumbprints = { sha1: string; sha256: string }

/** True when the text is one of the two thumbprints. */
export function namesCertificate(text: string, { sha1, sha256 }: Thumbprints): boolean {
  const wanted = normaliseThumbprint(text)
  return wanted !== undefined && (wanted === sha1 || wanted === sha256)
}
