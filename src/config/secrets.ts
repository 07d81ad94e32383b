// Finds secrets in a configuration: they are refused, and never shown.
import { type Fault, quoted } from './fault.ts'

const secretKeys = new Set([
  ...['secret', 'clientsecret', 'clientsecretvalue', 'secretvalue', 'appsecret', 'password', 'clientcertificatepassword', 'passphrase'],
  ...['token', 'accesstoken', 'refreshtoken', 'idtoken', 'bearer', 'bearertoken', 'authorization', 'apikey', 'key', 'privatekey'],
  ...['clientassertion', 'assertion', 'pfxpassword', 'azureclientsecret'],
])

/** Says whether callers need a key, and is a choice among words: the one key here that is none. */
const keySetting = 'access.key'

/** What is a secret by its shape: an Entra client secret, a JSON Web Token, a PEM key. */
const secretShapes = [/^[A-Za-z0-9_.~-]{3}\dQ~[A-Za-z0-9_.~-]{31,34}$/, /\beyJ[A-Za-z0-9_-]{10,}\./, /-----BEGIN [A-Z ]*PRIVATE KEY-----/]

const fix =
  'Take it out of the file, and consider it read by others. Secrets never live in the configuration: use `hallpass secret set`, `hallpass cert import`, or AZURE_CLIENT_SECRET.'

/** Every key that names a secret and every value that has the shape of one. Their values are never part of what is said. */
export function findSecrets(value: unknown, path: readonly (string | number)[] = []): Fault[] {
  if (typeof value === 'string') {
    const place = path.at(-1) === undefined ? 'the file' : quoted(String(path.at(-1)))
    return isSecret(value) ? [{ path, what: `${place} holds what looks like a secret`, fix }] : []
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, Array.isArray(value) ? Number(key) : key]
    if (isSecret(key)) return [{ path: here, atKey: true, what: 'a key here looks like a secret', fix }]
    const names = typeof inner !== 'object' && here.join('.') !== keySetting && secretKeys.has(key.replace(/[^a-z]/gi, '').toLowerCase())
    return names ? [{ path: here, atKey: true, what: `${quoted(key)} is the name of a secret`, fix }] : findSecrets(inner, here)
  })
}

function isSecret(text: string): boolean {
  return secretShapes.some(shape => shape.test(text))
}
