// How client secrets and certificates lie in the vault: one record for each registration, the newest first.
import { X509Certificate } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { Check } from 'typebox/schema'
import { HallpassError } from '../../errors/hallpass-error.ts'
import type { Profile } from '../../terms/profile.ts'
import type { VaultDocument } from '../../vault/vault-document.ts'
import { certificateEntry, secretEntry } from '../vault-entries.ts'

/** Milliseconds since the epoch; null where nobody said. */
const time = Type.Union([Type.Number(), Type.Null()])

const secretRecord = Type.Object({
  secrets: Type.Array(Type.Object({ value: Type.String(), set: time, expires: time, assumed: Type.Boolean() })),
})

const certificateRecord = Type.Object({
  certificates: Type.Array(
    Type.Object({
      privateKey: Type.String(),
      chain: Type.Array(Type.String(), { minItems: 1 }),
      added: Type.Number(),
      sendChain: Type.Boolean(),
    }),
  ),
})

/** A client secret. `assumed`: nobody said when it expires. */
export type KeptSecret = Static<typeof secretRecord>['secrets'][number]

/** A private key (PKCS#8) and its certificates (PEM), the application's own first. `sendChain`: all of them go along as x5c. */
export type KeptCertificate = Static<typeof certificateRecord>['certificates'][number]

type Keeping = Pick<VaultDocument, 'get' | 'set'>

/** The secrets of a registration, the newest first. Throws credential-unreadable. */
export function readSecrets(profile: Profile, document: Keeping): KeptSecret[] {
  return (
    read(document.get(secretEntry(profile)), secretRecord, { profile: profile.name, kind: 'client secret', verb: 'secret set' })?.secrets ??
    []
  )
}

export function writeSecrets(profile: Profile, document: Keeping, secrets: readonly KeptSecret[]): void {
  document.set(secretEntry(profile), secrets.length ? JSON.stringify({ secrets }) : undefined)
}

/** The certificates of a registration, the newest first. Throws credential-unreadable. */
export function readCertificates(profile: Profile, document: Keeping): KeptCertificate[] {
  const about = { profile: profile.name, kind: 'certificate', verb: 'cert import' }
  const kept = read(document.get(certificateEntry(profile)), certificateRecord, about)?.certificates ?? []
  if (!kept.every(({ chain }) => isCertificate(chain[0] ?? ''))) throw new HallpassError('credential-unreadable', about)
  return kept
}

export function writeCertificates(profile: Profile, document: Keeping, certificates: readonly KeptCertificate[]): void {
  document.set(certificateEntry(profile), certificates.length ? JSON.stringify({ certificates }) : undefined)
}

function read<Schema extends Type.TSchema>(
  text: string | undefined,
  schema: Schema,
  about: Record<'profile' | 'kind' | 'verb', string>,
): Static<Schema> | undefined {
  if (text === undefined) return undefined
  const record = parse(text)
  if (!Check(schema, record)) throw new HallpassError('credential-unreadable', about)
  return record
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

/** The value, or undefined where the text is no JSON; its content is quoted nowhere. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
