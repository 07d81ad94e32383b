// A new RSA key pair with a self-signed certificate, as Entra ID takes it for an application.
import { randomBytes, webcrypto } from 'node:crypto'
import type { KeyAndChain } from './client-certificate.ts'

export type CertificateWish = {
  /** Common name; letters, digits, blanks, dots and hyphens. */
  name: string
  /** Bits of the RSA key. */
  bits: 2048 | 3072 | 4096
  /** Milliseconds since the epoch. */
  notBefore: number
  notAfter: number
}

/** Makes both; about a second of work. The library is loaded here only: nothing else needs it. */
export async function makeCertificate({ name, bits, notBefore, notAfter }: CertificateWish): Promise<KeyAndChain> {
  // @peculiar/x509 throws unless this came first.
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: bits, publicExponent: new Uint8Array([1, 0, 1]) }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: `CN=${name}`,
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto as Crypto,
  )
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { privateKey: pem('PRIVATE KEY', pkcs8), chain: [pem('CERTIFICATE', Buffer.from(certificate.rawData))] }
}

/** 127 random bits, positive and without a leading zero octet (RFC 5280 section 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
