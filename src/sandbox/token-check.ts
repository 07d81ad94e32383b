// Checks bearer tokens as the health services do: by the authorization server's published keys.
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'
import type { AccessTokenClaims, TokenVerdict, VerifyBearer } from './contract.ts'

export type VerifierOptions = {
  jwksUrl: string
  issuer: string
  /** Accepted with and without a trailing slash. */
  audience: string
  /** Milliseconds since the epoch. */
  clock: () => number
  /** An authentication context that every token must satisfy; undefined while none is demanded. */
  demandedContext?: () => string | undefined
}

/** Seconds that clocks may differ: what both services, by the default of Microsoft.IdentityModel, put up with. */
const clockTolerance = 300

type Refusal = Extract<TokenVerdict, { ok: false }>

/**
 * A verifier of RS256 access tokens. The descriptions are those of ASP.NET Core's JwtBearerHandler, which both Azure services use; like
 * it, a missing or malformed token gets none, and clocks may differ by five minutes.
 * The verifier rejects when the keys cannot be fetched.
 */
export function createVerifier({ jwksUrl, issuer, audience, clock, demandedContext = () => undefined }: VerifierOptions): VerifyBearer {
  const keys = createRemoteJWKSet(new URL(jwksUrl))
  const audiences = [audience.replace(/\/$/, ''), `${audience.replace(/\/$/, '')}/`]
  return async authorization => {
    if (authorization === undefined) return refuse('missing')
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? []
    if (!token) return refuse('malformed')
    try {
      const life = { requiredClaims: ['exp'], currentDate: new Date(clock()), clockTolerance }
      const { payload } = await jwtVerify(token, keys, { algorithms: ['RS256'], issuer, audience: audiences, ...life })
      return isAccessToken(payload) ? checkContext(payload, demandedContext()) : refuse('malformed')
    } catch (error) {
      return asRefusal(error)
    }
  }
}

function checkContext(claims: AccessTokenClaims, demanded: string | undefined): TokenVerdict {
  if (demanded === undefined || claims.acrs?.includes(demanded)) return { ok: true, claims }
  const request = { access_token: { acrs: { essential: true, value: demanded } } }
  return { ok: false, reason: 'insufficient_claims', description: '', claims: Buffer.from(JSON.stringify(request)).toString('base64') }
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof errors.JWTExpired) return refuse('expired', `The token expired at '${asDate(error.payload.exp)}'`)
  if (error instanceof errors.JWTClaimValidationFailed) return asClaimRefusal(error.claim, error.payload)
  if (error instanceof errors.JWKSNoMatchingKey) return refuse('signature', 'The signature key was not found')
  if (error instanceof errors.JWSSignatureVerificationFailed) return refuse('signature', 'The signature is invalid')
  if (error instanceof errors.JOSEAlgNotAllowed) return refuse('signature', 'The signature is invalid')
  const malformed = [errors.JWSInvalid, errors.JWTInvalid, errors.JOSENotSupported]
  if (malformed.some(kind => error instanceof kind)) return refuse('malformed')
  throw error
}

function asClaimRefusal(claim: string, { aud, iss, nbf }: JWTPayload): Refusal {
  if (claim === 'aud') return refuse('audience', `The audience '${aud ?? '(null)'}' is invalid`)
  if (claim === 'iss') return refuse('issuer', `The issuer '${iss ?? '(null)'}' is invalid`)
  if (claim === 'nbf') return refuse('expired', `The token is not valid before '${asDate(nbf)}'`)
  return refuse('malformed')
}

const refuse = (reason: Exclude<Refusal['reason'], 'insufficient_claims'>, description = ''): Refusal => ({
  ok: false,
  reason,
  description,
})

/** Seconds since the epoch as .NET's invariant culture writes them: `11/23/2026 17:39:21`. */
function asDate(seconds: number | undefined): string {
  const [, year, month, day, time] = /^(\d+)-(\d+)-(\d+)T([\d:]+)/.exec(new Date((seconds ?? 0) * 1000).toISOString()) ?? []
  return `${month}/${day}/${year} ${time}`
}

function isAccessToken(payload: JWTPayload): payload is JWTPayload & AccessTokenClaims {
  return ['aud', 'iss', 'oid', 'tid', 'appid', 'appidacr'].every(name => typeof payload[name] === 'string')
}
