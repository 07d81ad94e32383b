// A certificate for this machine, made when it is needed.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** Writes key.pem and cert.pem for localhost and 127.0.0.1 into the folder; false when there is no openssl. */
export function makeCertificate(folder) {
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost']
  const files = [
    '-addext',
    'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout',
    join(folder, 'key.pem'),
    '-out',
    join(folder, 'cert.pem'),
  ]
  return spawnSync('openssl', [...args, ...files], { stdio: 'ignore' }).status === 0
}
