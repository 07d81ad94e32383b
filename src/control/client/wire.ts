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
  /** Requests that wait for somebody to sign in. */
  waitingRequests: number
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
export type RouteReport = {
  prefix: string
  kind: string
  origin: string
  profile: string
  url: string
  tokenExpiresAt: string | null
  /** When the token is renewed, ahead of its end. */
  refreshAt: string | null
  /** Why the last renewal failed; null when it did not. */
  refreshFailure: { code: string; summary: string; remedy: string } | null
  /** The token cannot be renewed any more: somebody has to sign in once it has ended. */
  signInNeeded: boolean
  /** Until then the authorization server is not asked again. */
  pausedUntil: string | null
}

/** Who is let in, and what remains open on this machine. */
export type AccessReport = {
  peerCheck: { state: 'on' | 'off' | 'unavailable'; why: string }
  /** The file holds the whole field for `curl -H @FILE`; null when no key is needed. */
  key: { required: boolean; file: string | null }
  allowedOrigins: readonly string[]
  hosts: readonly string[]
  allowUids: readonly number[]
  risks: readonly string[]
}

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
  access: AccessReport
  profiles: ProfileReport[]
  routes: RouteReport[]
  waitingRequests: number
  exchanges: ExchangeCounts
}

/** Since the start. `droppedFields`: how often each request field was not forwarded. */
export type ExchangeCounts = { total: number; ownAuthorizations: number; droppedFields: Record<string, number> }

/** One exchange; the time in ISO 8601, durations in milliseconds. */
export type ExchangeEntry = {
  id: string
  time: string
  route: string
  kind: string
  profile: string
  method: string
  interaction: string
  template: string
  status: number
  by: 'service' | 'hallpass' | 'nobody'
  error: string
  summary: string
  remedy: string
  bytesIn: number
  bytesOut: number
  waitingMs: number
  originMs: number
  totalMs: number
  sent: number
  droppedFields: number
  ownAuthorization: boolean
  otherLoopbackUrls: number
}

/** The answer to `GET /journal`: the oldest first. `GET /journal/har` answers with an HTTP Archive instead. */
export type JournalReport = { version: 1; exchanges: ExchangeEntry[] }

/** The answer to `GET /explain/:id`, and to `/-/explain/ID`. */
export type ExchangeReport = {
  version: 1
  id: string
  time: string
  method: string
  path: string
  status: number
  by: 'service' | 'hallpass' | 'nobody'
  summary: string
  cause: string
  remedy: string
  command: string | null
  /** What was compared: a name, and what stands there. */
  facts: [name: string, value: string][]
}

/** `POST /login`. An absent profile means the only one; `choose` asks for an account even when somebody is signed in. */
export type LoginRequest = { profile?: string; open: boolean; choose?: boolean }
/** `id` is null when somebody is signed in already; `began` when this call started the sign-in, rather than joined it. */
export type LoginReport = {
  profile: string
  id: string | null
  link: string | null
  username: string | null
  began: boolean
  /** What to type where, when the profile signs in with a device code. */
  device: DeviceReport | null
}
export type DeviceReport = { userCode: string; verificationUri: string; expiresAt: string }
/** `GET /login/:id`, which answers when the sign-in has ended. */
export type LoginOutcome = { profile: string; username: string | null }

/** `POST /login/cancel`: ends the pending sign-in of a profile; with `unlessWaitedFor` only when no request waits for it. */
export type CancelRequest = { profile?: string; unlessWaitedFor?: boolean }
/** `waiting` requests wait for the sign-in now; `cancelled` is false when there was none to cancel, or it goes on for them. */
export type CancelReport = { profile: string; cancelled: boolean; waiting: number }

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
