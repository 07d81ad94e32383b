// What the endpoints of the identity provider share: the directory, the key, the clock, and what is under way.
import type { IncomingMessage } from 'node:http'
import type { ClaimsRequest } from './claims-request.ts'
import type { Application, Directory, DirectoryPerson, Platform } from './directory.ts'
import { ExpiringMap } from './expiring-map.ts'
import type { FaultSwitch } from './fault-switch.ts'
import type { ScopeRequest } from './scopes.ts'
import type { SigningKey } from './signing-key.ts'

/** What an application asks a person for, whichever way the answer will take. */
export type SignInRequest = {
  application: Application
  /** What tokens will be for. */
  scopes: ScopeRequest
  /** All that is to be consented to: these scopes and those of further resources. */
  consentTo: readonly ScopeRequest[]
  claims: ClaimsRequest
}

/** An authorization request that passed every check and waits for a person. */
export type PendingAuthorization = SignInRequest & {
  kind: 'authorization'
  redirectUri: string
  platform: Platform
  responseMode: 'query' | 'fragment' | 'form_post'
  state: string | undefined
  nonce: string | undefined
  /** RFC 7636, method S256. */
  codeChallenge: string | undefined
  wantsClientInfo: boolean
  /** Whether consent is to be asked for even where it was given. */
  promptsConsent: boolean
}

/** A device that waits for somebody to enter its code elsewhere (RFC 8628). */
export type DeviceAuthorization = SignInRequest & {
  kind: 'device'
  userCode: string
  /** Milliseconds since the epoch. */
  expires: number
  /** Seconds that the device must leave between two questions. */
  interval: number
  polled: number | undefined
  outcome: 'pending' | 'declined' | 'redeemed' | DirectoryPerson
}

export type PendingSignIn = PendingAuthorization | DeviceAuthorization

type IssuedCode = PendingAuthorization & { person: DirectoryPerson; expires: number; redeemed: boolean }

/** Bound to user and client, not to a resource (Refresh tokens in the Microsoft identity platform, Microsoft Learn). */
type IssuedRefreshToken = {
  application: Application
  person: DirectoryPerson
  scopes: ScopeRequest
  claims: ClaimsRequest
  /** Where the sign-in came from: what the client must prove again. */
  platform: Platform
  issued: number
  expires: number
}

export type AuthorizationServer = {
  directory: Directory
  key: SigningKey
  /** Milliseconds since the epoch. */
  clock: () => number
  /** `http://localhost:PORT`, known once it listens. */
  origin: () => string
  accessTokenSeconds: () => number
  refreshTokenSeconds: number
  /** Seconds that a device is told to leave between two questions. */
  devicePollSeconds: number
  /** How long an answer takes while the fault `slow` is on. */
  slowMilliseconds: number
  noteGrant: (request: IncomingMessage, grantType: string) => void
  faults: FaultSwitch
  /** Sign-in pages that are open, by their ticket. */
  tickets: ExpiringMap<PendingSignIn>
  /** Consent pages that are open, by their ticket. */
  consentTickets: ExpiringMap<{ pending: PendingSignIn; person: DirectoryPerson }>
  /** Pages that are open and take a device's code, by their ticket. */
  deviceTickets: ExpiringMap<true>
  codes: ExpiringMap<IssuedCode>
  refreshTokens: ExpiringMap<IssuedRefreshToken>
  /** By device code, and by user code. */
  deviceCodes: ExpiringMap<DeviceAuthorization>
  userCodes: ExpiringMap<DeviceAuthorization>
  /** See consent.ts. */
  consents: Set<string>
}

type State = 'tickets' | 'consentTickets' | 'deviceTickets' | 'codes' | 'refreshTokens' | 'deviceCodes' | 'userCodes' | 'consents'

export type AuthorizationServerParts = Omit<AuthorizationServer, State>

const ticketLife = 10 * 60_000
export const codeLife = 10 * 60_000
export const deviceCodeLife = 15 * 60_000

/** Codes and refresh tokens are remembered for longer than they are good, so that a late one is called expired instead of unknown. */
export function createAuthorizationServer(parts: AuthorizationServerParts): AuthorizationServer {
  const map = <Value>(keep: number, capacity = 1_000) => new ExpiringMap<Value>({ keep, capacity, clock: parts.clock })
  return {
    ...parts,
    tickets: map(ticketLife),
    consentTickets: map(ticketLife),
    deviceTickets: map(ticketLife),
    codes: map(6 * codeLife),
    refreshTokens: map(2 * 1000 * parts.refreshTokenSeconds, 10_000),
    deviceCodes: map(4 * deviceCodeLife),
    userCodes: map(4 * deviceCodeLife),
    consents: new Set(),
  }
}
