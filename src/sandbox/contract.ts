// What the sandbox's three services agree on: who they ask about a token, who holds which role, and what an observer sees.
import type { EventEmitter } from 'node:events'
import type { FastifyInstance } from 'fastify'

/** The claims of a v1-shaped Entra access token that our services look at. */
export type AccessTokenClaims = {
  aud: string
  iss: string
  oid: string
  tid: string
  appid: string
  appidacr: '0' | '1' | '2'
  /** Delegated scopes; an application's own token has none. */
  scp?: string
  /** App roles; absent where the resource gave the application none. */
  roles?: string[]
  /** `app` on an application's own token. */
  idtyp?: string
  /** Authentication contexts that the token satisfies. */
  acrs?: string[]
  exp: number
}

/** What a service learns about an Authorization field. `description` is in the words of the Azure services' own challenges. */
export type TokenVerdict =
  | { ok: true; claims: AccessTokenClaims }
  | { ok: false; reason: 'missing' | 'malformed' | 'expired' | 'audience' | 'issuer' | 'signature'; description: string }
  /** The token is good, but more is wanted of it: `claims` is the JSON of an OpenID Connect claims request, in base64. */
  | { ok: false; reason: 'insufficient_claims'; description: string; claims: string }

/** Checks signature, issuer, audience and life of the bearer in an Authorization field's value. */
export type VerifyBearer = (authorization: string | undefined) => Promise<TokenVerdict>

/** A data-plane role on one service, by the name that Azure gives it. */
export type DataRole = 'FHIR Data Contributor' | 'FHIR Data Reader' | 'FHIR Data Exporter' | 'DICOM Data Owner' | 'DICOM Data Reader'

/** Which data-plane roles the principal with this object id holds. */
export type RolesOf = (oid: string) => ReadonlySet<DataRole>

/** What each of the two health services is built from. */
export type ServiceOptions = {
  verify: VerifyBearer
  rolesOf: RolesOf
  /** Origin of the service as its clients see it, such as `http://localhost:51234`; known only once it listens. */
  origin: () => string
  /** The audience that the service's tokens must have. */
  audience: string
  /** The authorization server's URL with the tenant, for challenges. */
  authority: () => string
  /** Milliseconds since the epoch. */
  clock: () => number
  /** Seed of the generated, synthetic records. */
  seed: number
}

export type HealthService = {
  app: FastifyInstance
  /** A second server, at an origin of its own, that the service hands out URLs of; whoever calls listens and closes it too. */
  storage?: { app: FastifyInstance; setOrigin: (origin: string) => void }
}

/** One request that a sandbox service answered, for tests that count who asked what. Bodies are never kept. */
export type ObservedExchange = {
  service: 'identity' | 'fhir' | 'dicom' | 'storage'
  method: string
  /** Path and query as they came. */
  target: string
  status: number
  /** Field names and values in the order received. */
  rawHeaders: string[]
  /** Token endpoint only. */
  grantType?: string
}

/** Emits `exchange` with an ObservedExchange after each answer. */
export type Observer = EventEmitter<{ exchange: [ObservedExchange] }>
