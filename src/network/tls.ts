// How the other end of a connection must prove itself: TLS 1.2 or later, by an authority that Node, the environment or the configuration names.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls'
import { HallpassError } from '../errors/hallpass-error.ts'
import { reasonOf } from './reason.ts'

export type TlsOptions = { rejectUnauthorized: true; minVersion: 'TLSv1.2'; secureContext?: SecureContext }

/** Where further authorities are: the setting (empty for none), and the variable that Node itself reads when it starts. */
export type Authorities = { caFile: string; nodeExtraCaCerts: string | undefined }

/** NODE_TLS_REJECT_UNAUTHORIZED=0 in somebody's shell profile must not send a bearer to whoever answers. */
const strict = { rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const

/**
 * The options of every connection. A file of authorities is taken beside Node's own and those of NODE_EXTRA_CA_CERTS; the context is made
 * once, for making it takes longer than a handshake. Throws ca-file-unusable.
 */
export function tlsOptions({ caFile, nodeExtraCaCerts }: Authorities): TlsOptions {
  if (!caFile) return strict
  const further = [caFile, ...(nodeExtraCaCerts ? [nodeExtraCaCerts] : [])].flatMap(readAuthorities)
  return { ...strict, secureContext: createSecureContext({ ca: [...rootCertificates, ...further], minVersion: strict.minVersion }) }
}

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** Every certificate of the file. Node itself passes over a damaged one in silence. */
function readAuthorities(path: string): string[] {
  const found = readText(path).match(certificate) ?? []
  const unusable = (why: string, cause?: unknown) => new HallpassError('ca-file-unusable', { path, why }, { cause })
  if (found.length === 0) throw unusable('it has no certificate in PEM form')
  for (const text of found) {
    try {
      new X509Certificate(text)
    } catch (error) {
      throw unusable('a certificate in it is damaged', error)
    }
  }
  return found
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    throw new HallpassError('ca-file-unusable', { path, why: reasonOf(error) }, { cause: error })
  }
}
