// How the other end of a connection must prove itself: TLS 1.2 or later, by an authority that Node, the environment or the configuration names.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls'
import { HallpassError } from '../errors/hallpass-error.ts'
import { readTrustedFile } from '../files/trusted-file.ts'
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
  const further = [...readAuthorities(caFile, readOwn), ...(nodeExtraCaCerts ? readAuthorities(nodeExtraCaCerts, readText) : [])]
  return { ...strict, secureContext: createSecureContext({ ca: [...rootCertificates, ...further], minVersion: strict.minVersion }) }
}

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** Every certificate of the file. Node itself passes over a damaged one in silence. */
function readAuthorities(path: string, read: (path: string) => string): string[] {
  const found = read(path).match(certificate) ?? []
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

/** Bytes that a file of authorities can have; Debian's, of all that browsers know, has a quarter of a megabyte. */
const mostBytes = 16 << 20

/** Whoever may write the file may vouch for a service that gets the bearer. NODE_EXTRA_CA_CERTS is Node's, which has read it before us. */
function readOwn(path: string): string {
  const refuse = (why: string) => new HallpassError('ca-file-unusable', { path, why })
  try {
    return readTrustedFile(path, { mostBytes, refuse }).toString('latin1')
  } catch (error) {
    if (error instanceof HallpassError) throw error
    throw new HallpassError('ca-file-unusable', { path, why: reasonOf(error) }, { cause: error })
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    throw new HallpassError('ca-file-unusable', { path, why: reasonOf(error) }, { cause: error })
  }
}
