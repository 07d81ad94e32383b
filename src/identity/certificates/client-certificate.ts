// A certificate with its private key, checked before MSAL sees it: MSAL's own words for what is wrong name neither the cause nor the remedy.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { HallpassError } from '../../errors/hallpass-error.ts'
import type { Thumbprints } from '../../terms/thumbprint.ts'

/** What proves an application: a private key (PKCS#8, PEM) and the certificates that go with it (PEM), its own first. */
export type KeyAndChain = { privateKey: string; chain: readonly string[] }

/** What may be shown of a certificate. Times are milliseconds since the epoch. */
export type CertificateFacts = { subject: string; thumbprints: Thumbprints; bits: number; notBefore: number; notAfter: number; pem: string }

/** Bits of an RSA key below which Entra ID, and everybody else, refuses it (NIST SP 800-57). */
const fewestBits = 2048

/**
 * The facts of a certificate that Entra ID could take at the time `now` (milliseconds since the epoch). Throws certificate-key-kind,
 * certificate-key-short, certificate-key-mismatch, certificate-not-yet, certificate-expired.
 */
export function checkCertificate({ privateKey, chain }: KeyAndChain, now: number): CertificateFacts {
  const key = createPrivateKey(privateKey)
  const certificate = new X509Certificate(chain[0] ?? '')
  refuseKind(key)
  refuseKind(certificate.publicKey)
  if (!certificate.checkPrivateKey(key)) throw new HallpassError('certificate-key-mismatch')
  const facts = factsOf(certificate)
  if (facts.bits < fewestBits) throw new HallpassError('certificate-key-short', { bits: facts.bits, least: fewestBits })
  if (now < facts.notBefore) throw new HallpassError('certificate-not-yet', { date: dayOf(facts.notBefore) })
  if (now >= facts.notAfter) throw new HallpassError('certificate-expired', { date: dayOf(facts.notAfter) })
  return facts
}

/** What may be shown of a certificate in PEM, whatever its state. */
export function describeCertificate(pem: string): CertificateFacts {
  return factsOf(new X509Certificate(pem))
}

function factsOf(certificate: X509Certificate): CertificateFacts {
  const { subject, fingerprint, fingerprint256, validFrom, validTo, publicKey } = certificate
  const digits = (fingerprint: string) => fingerprint.replaceAll(':', '')
  return {
    subject: subject.replaceAll('\n', ', '),
    // Computed, never taken over from what somebody typed: MSAL cuts a thumbprint with colons to one byte without a word.
    thumbprints: { sha1: digits(fingerprint), sha256: digits(fingerprint256) },
    bits: publicKey.asymmetricKeyDetails?.modulusLength ?? 0,
    notBefore: Date.parse(validFrom),
    notAfter: Date.parse(validTo),
    pem: certificate.toString(),
  }
}

function refuseKind({ asymmetricKeyType: kind }: KeyObject): void {
  if (kind !== 'rsa') throw new HallpassError('certificate-key-kind', { kind: kind?.toUpperCase() ?? 'unknown' })
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
