// Reads the claims of our own access token, to explain a refusal and for nothing else: whether it is valid is for the service to say.
import type { Bearer } from '../terms/bearer.ts'
import type { TokenClaims } from '../terms/evidence.ts'

const texts = ['aud', 'iss', 'tid', 'oid', 'scp', 'appidacr', 'idtyp'] as const
const longest = 300

/** The claims that decide about access; undefined for a token that is no JWT (RFC 7519). */
export function claimsOf(bearer: Bearer): TokenClaims | undefined {
  const [, payload] = bearer.reveal().split('.')
  const claims = payload === undefined ? undefined : parse(payload)
  if (claims === undefined) return undefined
  const found: TokenClaims = {}
  for (const name of texts) if (isText(claims[name])) found[name] = claims[name]
  const application = claims.appid ?? claims.azp
  if (isText(application)) found.appid = application
  for (const name of ['exp', 'nbf'] as const) if (typeof claims[name] === 'number') found[name] = claims[name]
  if (Array.isArray(claims.roles)) found.roles = claims.roles.filter(isText).slice(0, 20)
  return found
}

function parse(payload: string): Record<string, unknown> | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= longest
}
