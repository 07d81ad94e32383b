// Keys and certificates in PEM (RFC 7468), as openssl and the portal's own examples write them.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { HallpassError } from '../../errors/hallpass-error.ts'
import type { FoundMaterial } from './material.ts'

const blocks = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g
const encrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/

export function isPem(bytes: Buffer): boolean {
  return bytes.includes('-----BEGIN ')
}

/** Everything that the text holds. Throws certificate-password-missing, certificate-password-wrong or certificate-unreadable. */
export function readPem(bytes: Buffer, password: string | undefined): FoundMaterial {
  const found = [...bytes.toString('latin1').matchAll(blocks)].map(([block, label]) => ({ block, label: label ?? '' }))
  return {
    keys: found.filter(({ label }) => label.endsWith('PRIVATE KEY')).map(({ block }) => readKey(block, password)),
    certificates: found.filter(({ label }) => /^(X509 |TRUSTED )?CERTIFICATE$/.test(label)).map(({ block }) => readCertificate(block)),
  }
}

function readKey(block: string, password: string | undefined): KeyObject {
  const locked = encrypted.test(block)
  if (locked && password === undefined) throw new HallpassError('certificate-password-missing')
  try {
    return createPrivateKey({ key: block, ...(password !== undefined && { passphrase: password }) })
  } catch (error) {
    if (locked) throw new HallpassError('certificate-password-wrong', {}, { cause: error })
    throw new HallpassError('certificate-unreadable', { why: 'its private key is damaged' }, { cause: error })
  }
}

function readCertificate(block: string): X509Certificate {
  try {
    return new X509Certificate(block)
  } catch (error) {
    throw new HallpassError('certificate-unreadable', { why: 'a certificate in it is damaged' }, { cause: error })
  }
}
