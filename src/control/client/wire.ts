// What the command line and the daemon say to each other over the control socket. Version 1.

/** The content of the file that a running daemon leaves in the runtime folder. */
export type Instance = {
  version: 1
  pid: number
  port: number
  /** Path of the control socket, or name of the pipe. */
  socket: string
  vault: string
  startedAt: string
}

export type VaultReport = { kind: string; description: string; warning: string | null }
export type ProfileReport = {
  profile: string
  signedIn: boolean
  username: string | null
  signInLink: string | null
  /** The credential that serves; null for a public client, or when none is kept. */
  credential: CredentialReport | null
}
/** `expiresAt`: null where nobody said. `previous`: the newest is not taken by Entra ID yet, and this one came before it. */
export type CredentialReport = {
  kind: 'secret' | 'certificate'
  expiresAt: string | null
  assumed: boolean
  previous: boolean
  warning: string | null
}
export type RouteReport = { prefix: string; kind: string; origin: string; profile: string; url: string; tokenExpiresAt: string | null }

/** The answer to `GET /status`. */
export type StatusReport = {
  version: 1
  hallpass: string
  pid: number
  url: string
  startedAt: string
  config: string | null
  listening: string[]
  vault: VaultReport
  profiles: ProfileReport[]
  routes: RouteReport[]
  waitingRequests: number
}

/** `POST /login`. An absent profile means the only one. */
export type LoginRequest = { profile?: string; open: boolean }
/** `id` is null when somebody is signed in already. */
export type LoginReport = { profile: string; id: string | null; link: string | null; username: string | null }
/** `GET /login/:id`, which answers when the sign-in has ended. */
export type LoginOutcome = { profile: string; username: string | null }

export type LogoutRequest = { profile?: string; all?: boolean }
export type LogoutReport = { profiles: string[] }

/** `POST /token`. An absent route means the only one, or the first. */
export type TokenRequest = { route?: string; wait: boolean }
export type TokenReport = { version: 1; route: string; audience: string; token: string; expiresAt: string }

/** What may be told of a client secret. Times are milliseconds since the epoch, null where nobody said. */
export type SecretFacts = { set: number | null; expires: number | null; assumed: boolean; inUse: boolean }
/** `GET /secrets`: each profile that takes client secrets, and those that are kept, the newest first. */
export type SecretReport = { profile: string; kept: SecretFacts[]; environment: boolean }
/** `POST /secrets`, answered by the profile's SecretReport. */
export type SecretRequest = { profile: string; secret: string; expires?: number }
/** `POST /secrets/remove`: all of a profile, or only those before the newest. */
export type SecretRemoval = { profile: string; only?: 'previous' }

/** What may be told of a certificate. Times are milliseconds since the epoch. */
export type CertificateFacts = {
  subject: string
  thumbprints: { sha1: string; sha256: string }
  bits: number
  notBefore: number
  notAfter: number
  /** The public part. */
  pem: string
  added: number | null
  inUse: boolean
}
/** `GET /certificates`: each profile that takes certificates, and those that are kept, the newest first. */
export type CertificateReport = { profile: string; clientId: string; kept: CertificateFacts[]; environment: boolean }
/** `POST /certificates`, answered by the profile's CertificateReport. */
export type CertificateRequest = { profile: string; privateKey: string; chain: readonly string[]; sendChain: boolean }
/** `POST /certificates/remove`: all of a profile, those before the newest (`previous`), or the one with this thumbprint. */
export type CertificateRemoval = { profile: string; only?: string }

/** Every failure: a code of the error table and what fills its sentences. */
export type Failure = { code: string; particulars: Record<string, string | number> }
