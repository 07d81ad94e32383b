// A profile: an app registration and whom it signs in.
import type { RedirectUri } from './redirect-uri.ts'

/** Browsers by the names that the launcher finds on each system; `private` is a private window of the usual one, `none` opens nothing. */
export const browsers = ['chrome', 'edge', 'firefox', 'brave', 'private', 'none'] as const

/** What the sign-in page may be told to do first (OpenID Connect Core 3.1.2.1). */
export const prompts = ['login', 'select_account', 'consent'] as const

export type Profile = {
  name: string
  /** Directory (tenant) ID or domain name. */
  tenantId: string
  /** Application (client) ID. */
  clientId: string
  flow: 'authorization-code' | 'device-code' | 'client-credentials'
  /** What the application proves itself with; `none` is a public client. */
  credential: 'none' | 'secret' | 'certificate'
  redirectUri: RedirectUri
  /** How the authorization server delivers its answer (OAuth 2.0 Form Post Response Mode). */
  responseMode: 'form_post' | 'query'
  /** Host of the authorization server, such as `login.microsoftonline.com`. */
  authorityHost: string
  /** URL of a sandbox's identity provider on loopback, which then takes the authority's place. */
  sandbox: string | undefined
  /** The browser in which to sign in, where it is not the system's own choice. */
  browser?: (typeof browsers)[number]
  /** The account to propose, as the sign-in page takes it. */
  loginHint?: string
  prompt?: (typeof prompts)[number]
}
