// The authorization server of a profile, in the forms that MSAL wants.
import { canonicalAuthority } from '../terms/authority-host.ts'
import type { Profile } from '../terms/profile.ts'

export type Authority = {
  /** MSAL's authority string. */
  url: string
  knownAuthorities: string[]
  /** MSAL's authorityMetadata, where discovery is replaced. */
  metadata?: string
  /** The only origin to which a browser is sent for this profile. */
  origin: string
}

/**
 * A sandbox takes the authority's place through fixed metadata: MSAL insists on https for the authority itself,
 * not for the endpoints. `resolve` lets a sandbox only be on loopback.
 */
export function authorityOf({ authorityHost, tenantId, sandbox }: Profile): Authority {
  const own = canonicalAuthority(authorityHost)
  if (!sandbox) return { url: `https://${own}/${tenantId}`, knownAuthorities: [own], origin: `https://${own}` }
  const { host } = new URL(sandbox)
  const base = `${sandbox}/${tenantId}`
  const metadata = {
    issuer: `${base}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
  }
  return { url: `https://${host}/${tenantId}`, knownAuthorities: [host], metadata: JSON.stringify(metadata), origin: sandbox }
}
