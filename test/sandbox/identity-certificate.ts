// Key pairs with self-signed certificates, made by openssl when a test asks for one.
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type TestCertificate = { certificate: string; privateKey: string; thumbprint: string; thumbprintSha256: string }

/** A self-signed certificate that is good for so many days. Fails when openssl is missing, and says what to install. */
export function makeCertificate({ days = 30, algorithm = ['rsa:2048'] }: { days?: number; algorithm?: string[] } = {}): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'hallpass-certificate-'))
  const [key, crt] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  try {
    openssl([
      'req',
      '-x509',
      '-nodes',
      '-newkey',
      ...algorithm,
      '-keyout',
      key,
      '-out',
      crt,
      '-days',
      String(days),
      '-subj',
      '/CN=hallpass test',
    ])
    const certificate = readFileSync(crt, 'utf8')
    const { fingerprint, fingerprint256 } = new X509Certificate(certificate)
    const hex = (print: string) => print.replaceAll(':', '')
    return { certificate, privateKey: readFileSync(key, 'utf8'), thumbprint: hex(fingerprint), thumbprintSha256: hex(fingerprint256) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function openssl(args: string[]): void {
  try {
    execFileSync('openssl', args, { stdio: 'pipe' })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw new Error('openssl is missing: apt install openssl')
    throw error
  }
}
