// A profile: an app registration and whom it signs in.
import type { RedirectUri } from './redirect-uri.ts'

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
}
