// MSAL's client applications, public or confidential, as a profile and its credential make them.
import type { ConfidentialClientApplication, Configuration, PublicClientApplication } from '@azure/msal-node'
import type { Dispatcher } from 'undici'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Clock, Random } from '../terms/edges.ts'
import type { Profile } from '../terms/profile.ts'
import { authorityOf } from './authority.ts'
import { type CacheEntry, createCachePlugin } from './cache-plugin.ts'
import { EntraRefusal, withEvidence } from './evidence.ts'
import type { ExplainAadsts } from './failure.ts'
import { msal } from './msal.ts'
import { createNetworkModule } from './network-module.ts'

/**
 * What a confidential client proves itself with. The private key is PEM, the thumbprint is SHA-256 in hexadecimal digits; `chain` holds the
 * certificates in PEM when they go along (`x5c`), as Entra ID wants it where it trusts by subject and issuer.
 */
export type ClientCredential =
  | { kind: 'secret'; secret: string }
  | { kind: 'certificate'; privateKey: string; thumbprintSha256: string; chain?: string }

/** The credentials that may serve, the newest first; where there is none, `reason` says why. */
export type UsableCredentials = { usable: readonly ClientCredential[]; reason?: HallpassError }

export type IdentityParts = {
  profile: Profile
  /** The daemon's port, for redirect URIs without one. */
  ownPort: () => number
  dispatcherFor: (origin: string) => Dispatcher
  cache: CacheEntry
  /** What the application can prove itself with now. */
  credentials: () => UsableCredentials
  /** Hears which credential Entra ID took, and which newer ones it refused right before. */
  proved: (taken: ClientCredential, refused: readonly ClientCredential[]) => void
  random: Random
  clock: Clock
  explain: ExplainAadsts
  /** Takes note that a grant has ended and why: somebody has to sign in again. */
  grantEnded: (why: { audience: string; what: string; fix: string }) => void
}

export type Application = PublicClientApplication | ConfidentialClientApplication

/** The applications that one profile may be served by; MSAL has one for each credential. */
export type Applications<Kind = Application> = {
  /** The application with the newest credential. Throws why there is none. */
  current(): Kind
  /**
   * Makes a call with the newest credential, and where Entra ID refuses that (`invalid_client`, RFC 6749 section 5.2), with the one before it: a new
   * one takes minutes to spread. When all are refused, rejects with the refusal of the newest. The call runs in `withEvidence`.
   */
  attempt<T extends { fromCache: boolean } | null>(call: (application: Kind) => Promise<T>): Promise<T>
}

export function confidentialApplications(parts: IdentityParts): Applications<ConfidentialClientApplication> {
  const made = new Map<string, ConfidentialClientApplication>()
  const applicationWith = (credential: ClientCredential) => {
    const key = JSON.stringify(credential)
    const application = made.get(key) ?? new msal.ConfidentialClientApplication(withCredential(configurationOf(parts), credential))
    made.set(key, application)
    return application
  }
  let brought = false
  /** A credential that is no longer kept leaves the memory too, and so does every token once the vault has forgotten them. */
  const usable = () => {
    if (brought && parts.cache.get() === undefined) made.clear()
    const credentials = usableCredentials(parts)
    const keys = new Set(credentials.map(credential => JSON.stringify(credential)))
    for (const key of made.keys()) if (!keys.has(key)) made.delete(key)
    return credentials
  }
  return {
    current: () => applicationWith(usable()[0]),
    attempt: async call => {
      const refused: ClientCredential[] = []
      const refusals: unknown[] = []
      for (const credential of usable()) {
        try {
          const result = await withEvidence(() => call(applicationWith(credential)))
          brought = true
          if (refused.length > 0 || !result?.fromCache) parts.proved(credential, refused)
          return result
        } catch (error) {
          if (!isInvalidClient(error)) throw error
          refused.push(credential)
          refusals.push(error)
        }
      }
      throw refusals[0]
    },
  }
}

function usableCredentials({ profile, credentials }: IdentityParts): readonly [ClientCredential, ...ClientCredential[]] {
  const { usable, reason } = credentials()
  const [newest, ...others] = usable
  if (newest) return [newest, ...others]
  throw reason ?? new HallpassError('internal', { what: `profile ${profile.name} has no credential, and nobody says why` })
}

function isInvalidClient(error: unknown): boolean {
  return error instanceof EntraRefusal && error.refusal.error === 'invalid_client'
}

/** The one public application of a profile. */
export function publicApplication(parts: IdentityParts): PublicClientApplication {
  return new msal.PublicClientApplication(configurationOf(parts))
}

function configurationOf({ profile, cache, dispatcherFor }: IdentityParts): Configuration {
  const authority = authorityOf(profile)
  return {
    auth: {
      clientId: profile.clientId,
      authority: authority.url,
      knownAuthorities: authority.knownAuthorities,
      ...(authority.metadata && { authorityMetadata: authority.metadata }),
      // Services may then end a token before its time, and say what they want instead (Continuous Access Evaluation).
      clientCapabilities: ['CP1'],
    },
    cache: { cachePlugin: createCachePlugin(cache) },
    system: { networkClient: createNetworkModule(authority.origin, dispatcherFor) },
  }
}

function withCredential(configuration: Configuration, credential: ClientCredential): Configuration {
  return { ...configuration, auth: { ...configuration.auth, ...proofOf(credential) } }
}

/** With the SHA-256 thumbprint MSAL signs with PS256 and names the certificate by `x5t#S256`. */
function proofOf(credential: ClientCredential): Partial<Configuration['auth']> {
  if (credential.kind === 'secret') return { clientSecret: credential.secret }
  const { privateKey, thumbprintSha256, chain } = credential
  return { clientCertificate: { privateKey, thumbprintSha256, ...(chain !== undefined && { x5c: chain }) } }
}
