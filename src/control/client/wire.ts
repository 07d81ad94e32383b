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
export type ProfileReport = { profile: string; signedIn: boolean; username: string | null; signInLink: string | null }
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

/** `GET /secrets`: the profiles that need a client secret, and whether one is kept. */
export type SecretReport = { profile: string; kept: boolean }
/** `POST /secrets`. */
export type SecretRequest = { profile: string; secret: string }
/** The answer to `POST /secrets/remove`: whether there was one. */
export type SecretRemoval = { kept: boolean }

/** Every failure: a code of the error table and what fills its sentences. */
export type Failure = { code: string; particulars: Record<string, string | number> }
