// MSAL's client applications, public or confidential, as a profile and its credential make them.
import { ConfidentialClientApplication, type Configuration, PublicClientApplication } from '@azure/msal-node'
import type { Dispatcher } from 'undici'
import { HallpassError } from '../errors/hallpass-error.ts'
import { looksLikeSecretId } from '../terms/client-secret.ts'
import type { Clock, Random } from '../terms/edges.ts'
import type { Profile } from '../terms/profile.ts'
import { authorityOf } from './authority.ts'
import { type CacheEntry, createCachePlugin } from './cache-plugin.ts'
import type { ExplainAadsts } from './failure.ts'
import { createNetworkModule } from './network-module.ts'

/** What a confidential client proves itself with. The private key is PEM, the thumbprint is SHA-256 in hexadecimal digits. */
export type ClientCredential = { kind: 'secret'; secret: string } | { kind: 'certificate'; privateKey: string; thumbprintSha256: string }

export type IdentityParts = {
  profile: Profile
  /** The daemon's port, for redirect URIs without one. */
  ownPort: () => number
  dispatcherFor: (origin: string) => Dispatcher
  cache: CacheEntry
  /** The credential that rests in the vault now; undefined when there is none. */
  credential: () => ClientCredential | undefined
  random: Random
  clock: Clock
  explain: ExplainAadsts
  /** Takes note that a grant has ended and why: somebody has to sign in again. */
  grantEnded: (why: { audience: string; what: string; fix: string }) => void
}

export type ConfidentialApplications = {
  /** The application with the credential of the moment. Throws credential-missing, secret-is-id. */
  current(): ConfidentialClientApplication
  /** Drops the application, and with it what MSAL holds in memory. */
  renew(): void
}

export function confidentialApplications(parts: IdentityParts): ConfidentialApplications {
  let made: { key: string; application: ConfidentialClientApplication } | undefined
  const current = () => {
    const credential = usableCredential(parts)
    const key = JSON.stringify(credential)
    if (made?.key !== key)
      made = { key, application: new ConfidentialClientApplication(withCredential(configurationOf(parts), credential)) }
    return made.application
  }
  const renew = () => {
    made = undefined
  }
  return { current, renew }
}

function usableCredential({ profile, credential }: IdentityParts): ClientCredential {
  const found = credential()
  if (found?.kind !== profile.credential) throw new HallpassError('credential-missing', { profile: profile.name, kind: profile.credential })
  if (found.kind === 'secret' && looksLikeSecretId(found.secret)) throw new HallpassError('secret-is-id')
  return found
}

/** The one public application of a profile. */
export function publicApplication(parts: IdentityParts): PublicClientApplication {
  return new PublicClientApplication(configurationOf(parts))
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
    system: { networkClient: createNetworkModule(dispatcherFor) },
  }
}

function withCredential(configuration: Configuration, credential: ClientCredential): Configuration {
  const proof =
    credential.kind === 'secret'
      ? { clientSecret: credential.secret }
      : { clientCertificate: { privateKey: credential.privateKey, thumbprintSha256: credential.thumbprintSha256 } }
  return { ...configuration, auth: { ...configuration.auth, ...proof } }
}
