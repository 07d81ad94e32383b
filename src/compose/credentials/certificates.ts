// Certificates of the profiles with their private keys: kept in the vault, two side by side while one takes the other's place.
import { HallpassError } from '../../errors/hallpass-error.ts'
import {
  type CertificateFacts,
  checkCertificate,
  describeCertificate,
  type KeyAndChain,
} from '../../identity/certificates/client-certificate.ts'
import { looksLikeCertificateId } from '../../terms/client-secret.ts'
import type { Profile } from '../../terms/profile.ts'
import { namesCertificate, type Thumbprints } from '../../terms/thumbprint.ts'
import { forgetOwnTokens, type Keepers, keptOrNone, profileWith } from './keepers.ts'
import { type KeptCertificate, readCertificates, writeCertificates } from './records.ts'

/** Certificates that a registration keeps at most: the new one, and the one that it replaces. */
const most = 2

/** What may be told of a kept certificate. `added` is in milliseconds since the epoch. `inUse`: Entra ID took it last. */
export type KeptCertificateFacts = CertificateFacts & { added: number | null; inUse: boolean }

/** What a profile that takes certificates has, the newest first. `environment`: it is that of AZURE_CLIENT_CERTIFICATE_PATH. */
export type CertificatesOfProfile = { profile: string; clientId: string; kept: KeptCertificateFacts[]; environment: boolean }

export type Certificates = {
  /**
   * Keeps a certificate before the one that was there; what is older than that goes. Resolves when it rests in the vault. Rejects with
   * certificate-not-wanted, as checkCertificate, or as the vault does.
   */
  add(profile: string, material: KeyAndChain & { sendChain: boolean }): Promise<CertificatesOfProfile>
  /** Forgets the one with this thumbprint, those before the newest (`previous`), or all; gives their thumbprints. */
  remove(profile: string, only?: string): Promise<Thumbprints[]>
  /** Every profile that takes certificates. Never a private key. */
  list(): CertificatesOfProfile[]
}

export function createCertificates(keepers: Keepers): Certificates {
  const { profiles, document, clock, rotation, environment } = keepers
  const profileOf = (name: string) => profileWith(keepers, name, 'certificate')
  const report = (profile: Profile): CertificatesOfProfile => {
    const used = rotation.inUse(profile)
    const facts = (pem: string, added: number | null) => {
      const described = describeCertificate(pem)
      return { ...described, added, inUse: described.thumbprints.sha256 === used }
    }
    const kept = readCertificates(profile, document).map(({ chain, added }) => facts(chain[0] ?? '', added))
    const given = kept.length ? undefined : environment.certificateFor(profile)
    const stand = given && !(given instanceof HallpassError) ? [facts(given.chain[0] ?? '', null)] : []
    return { profile: profile.name, clientId: profile.clientId, kept: [...kept, ...stand], environment: stand.length > 0 }
  }
  return {
    add: async (name, { privateKey, chain, sendChain }) => {
      const profile = profileOf(name)
      const now = clock.now()
      const { sha256 } = checkCertificate({ privateKey, chain }, now).thumbprints
      const others = keptOrNone(() => readCertificates(profile, document)).filter(kept => {
        const { thumbprints, notAfter } = factsOf(kept)
        return thumbprints.sha256 !== sha256 && now < notAfter
      })
      writeCertificates(profile, document, [{ privateKey, chain: [...chain], added: now, sendChain }, ...others].slice(0, most))
      forgetOwnTokens(keepers, profile)
      await document.flush()
      return report(profile)
    },
    remove: async (name, only) => {
      const profile = profileOf(name)
      const kept = keptOrNone(() => readCertificates(profile, document))
      const going = only === undefined ? kept : only === 'previous' ? kept.slice(1) : [named(only, kept)]
      writeCertificates(
        profile,
        document,
        kept.filter(certificate => !going.includes(certificate)),
      )
      forgetOwnTokens(keepers, profile)
      await document.flush()
      return going.map(certificate => factsOf(certificate).thumbprints)
    },
    list: () => [...profiles.values()].filter(({ credential }) => credential === 'certificate').map(report),
  }
}

function factsOf({ chain }: KeptCertificate): CertificateFacts {
  return describeCertificate(chain[0] ?? '')
}

function named(text: string, kept: readonly KeptCertificate[]): KeptCertificate {
  if (looksLikeCertificateId(text))
    throw new HallpassError('certificate-is-id', { text: text.trim(), wanted: 'the thumbprint, as `hallpass cert show` prints it' })
  const found = kept.find(certificate => namesCertificate(text, factsOf(certificate).thumbprints))
  if (found) return found
  const thumbprints = kept.map(certificate => factsOf(certificate).thumbprints.sha1).join(', ')
  throw new HallpassError('certificate-other', { thumbprint: text.slice(0, 100), found: thumbprints || 'none' })
}
