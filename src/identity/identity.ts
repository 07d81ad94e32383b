// What the broker may ask of a profile's identity. MSAL stays behind it.
import type { Bearer } from '../terms/bearer.ts'
import type { Profile } from '../terms/profile.ts'

/** What is wanted a token for: the resource, and the scopes to ask for. */
export type Wanted = { audience: string; scopes: string[] }

/** Who is signed in. The user name is personal: shown to its owner, never logged. */
export type Account = { username: string; tenantId: string }

/** An answer of the authorization endpoint as it reached the redirect URI (RFC 6749 sections 4.1.2 and 4.1.2.1). */
export type AuthorizationResponse =
  | { state: string; code: string; clientInfo: string | undefined }
  | { state: string; error: string; description: string | undefined; subcode: string | undefined }

/** A started sign-in. */
export type Authorization = CodeAuthorization | DeviceAuthorization

/** An authorization code flow with PKCE (RFC 7636): where to send the browser, and how to end it. */
export type CodeAuthorization = {
  kind: 'code'
  url: string
  /** 256 bits, used once. */
  state: string
  /** Asks the authorization server, without a browser, whether it would take this request; rejects with its refusal. */
  check(): Promise<void>
  /** Redeems the code, once. Rejects with sign-in-refused, sign-in-cancelled, token-refused or an entra- error. */
  redeem(response: AuthorizationResponse): Promise<Bearer>
}

/** A device authorization (RFC 8628): what the person types where, and its end. */
export type DeviceAuthorization = {
  kind: 'device'
  userCode: string
  /** Where the code is typed in. */
  verificationUri: string
  /** Milliseconds since the epoch. */
  expiresAt: number
  /** Settles when the person has answered, or the code has expired; rejects like `redeem`. */
  outcome: Promise<Bearer>
  /** Stops polling at once; `outcome` rejects with sign-in-cancelled. */
  cancel(): void
}

/** What a sign-in asks for beside its first resource. */
export type SignInWish = {
  /** The claims that a challenge demands (OpenID Connect Core 5.5), as JSON. */
  claims?: string
  /** Scopes of further resources that the person may consent to at the same time. */
  alsoConsent?: readonly string[]
  /** What the sign-in page does first, in place of what the profile says. */
  prompt?: Profile['prompt']
}

/** How a silent acquisition differs from taking what the cache holds. */
export type SilentWish = {
  /** Ask the authorization server even though the cached token still lives. */
  renew?: boolean
  /** The claims that a challenge demands, as JSON; implies `renew`. */
  claims?: string
}

export type Identity = {
  /** The browser in which this profile signs in, where it is not the system's own choice. */
  readonly browser: Profile['browser']
  /** The only origin to which this profile's sign-in sends a browser. */
  readonly authorizationOrigin: string
  /** Path at which answers of the authorization server arrive; undefined where nobody signs in. */
  readonly callbackPath: string | undefined
  begin(wanted: Wanted, wish?: SignInWish): Promise<Authorization>
  /** A token without a person, from the cache or by the refresh token; undefined when only a person can go on. Rejects with token-refused or an entra- error. */
  silently(wanted: Wanted, wish?: SilentWish): Promise<Bearer | undefined>
  account(): Promise<Account | undefined>
  /** Forgets the account and its tokens. */
  forget(): Promise<void>
}
