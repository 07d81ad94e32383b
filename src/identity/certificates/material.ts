// What a file brought: keys and certificates, not yet sorted.
import type { KeyObject, X509Certificate } from 'node:crypto'
import { HallpassError } from '../../errors/hallpass-error.ts'
import type { KeyAndChain } from './client-certificate.ts'

export type FoundMaterial = { keys: readonly KeyObject[]; certificates: readonly X509Certificate[] }

/** The one key, and its certificate before the others. Throws certificate-no-key, certificate-several-keys, certificate-none. */
export function pairUp({ keys, certificates }: FoundMaterial): KeyAndChain {
  const [key, second] = keys
  if (certificates.length === 0) throw new HallpassError('certificate-none')
  if (!key) throw new HallpassError('certificate-no-key')
  if (second) throw new HallpassError('certificate-several-keys', { count: keys.length })
  const own = certificates.find(certificate => certificate.checkPrivateKey(key)) ?? certificates[0]
  const chain = certificates.filter(certificate => certificate !== own)
  return {
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    chain: [own, ...inOrder(own, chain)].flatMap(certificate => (certificate ? [certificate.toString()] : [])),
  }
}

/** Each issuer after what it issued, as x5c wants them (RFC 7515 section 4.1.6); certificates that lead nowhere are left out. */
function inOrder(own: X509Certificate | undefined, others: readonly X509Certificate[]): X509Certificate[] {
  const issuer = own && others.find(candidate => own.checkIssued(candidate))
  return issuer
    ? [
        issuer,
        ...inOrder(
          issuer,
          others.filter(other => other !== issuer),
        ),
      ]
    : []
}
