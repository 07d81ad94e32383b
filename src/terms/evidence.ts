// What is kept of a service's refusal so that it can be explained: claims and words of the protocol, never the token, an id or a text of the service.

/** The claims of an access token that decide about access (Access token claims reference, Microsoft identity platform). */
export type TokenClaims = {
  aud?: string
  iss?: string
  tid?: string
  appid?: string
  oid?: string
  scp?: string
  roles?: readonly string[]
  /** Seconds since the epoch. */
  exp?: number
  nbf?: number
  /** `0` a public client, `1` a client secret, `2` a certificate. */
  appidacr?: string
  idtyp?: string
}

export type RefusalEvidence = {
  /** 401 or 403. */
  status: number
  /** What the token says; undefined when it is no JWT. */
  claims: TokenClaims | undefined
  /** What the route asks the authorization server for. */
  audience: string
  /** WWW-Authenticate, as far as it is a Bearer challenge. */
  challenge:
    | {
        error: string | undefined
        description: string | undefined
        authorizationUri: string | undefined
        resource: string | undefined
        claims: boolean
      }
    | undefined
  /** What the body said, in words of the protocol. `missing-role` is the one text by which the service says that a data-plane role is missing. */
  body: 'unread' | 'missing-role' | 'unauthenticated' | 'other'
  /** The issue code of an OperationOutcome, when it is one of FHIR's (value set issue-type). */
  issue: string | undefined
  /** The request only reads. */
  reads: boolean
  /** The token was rejected once before, and this answer is to the second. */
  replayed: boolean
}
