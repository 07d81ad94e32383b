// A service's Bearer challenge: the WWW-Authenticate field (RFC 9110 section 11.6.1, RFC 6750 section 3), with the claims that
// Continuous Access Evaluation and step-up demand (Claims challenges, Microsoft identity platform).

/** What a Bearer challenge says; what it does not say, or says in no readable form, is undefined. */
export type Challenge = {
  error: string | undefined
  errorDescription: string | undefined
  /** An OpenID Connect claims request (Core section 5.5), as JSON text of an object. */
  claims: string | undefined
  authorizationUri: string | undefined
  resourceId: string | undefined
  realm: string | undefined
}

/** A field that is longer is no challenge: no service of ours sends one, and nobody should be made to read it. */
const longest = 16 * 1024
/** Claims travel in the URL of the next sign-in. */
const longestClaims = 4096

const parameter = /([!#$%&'*+.^_`|~\w-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))[ \t]*/y
const scheme = /([!#$%&'*+.^_`|~\w-]+)(?:[ \t]+|(?=,|$))/y
/** What two challenges or two parameters are divided by, and the credentials-like form (token68) that Bearer never has. */
const divider = /[ \t,]+|[^,]+/y

/** The Bearer challenge of a field's value (several fields joined by commas); of several, the one with claims. Undefined when there is none. */
export function parseChallenge(fieldValue: string): Challenge | undefined {
  if (fieldValue.length > longest) return undefined
  const bearers = challengesIn(fieldValue).filter(({ name }) => name === 'bearer')
  const parsed = bearers.map(({ parameters }) => read(parameters))
  return parsed.find(({ claims }) => claims !== undefined) ?? parsed[0]
}

type RawChallenge = { name: string; parameters: Map<string, string> }

function challengesIn(text: string): RawChallenge[] {
  const found: RawChallenge[] = []
  for (let at = 0; at < text.length; ) {
    const pair = matchAt(parameter, text, at)
    if (pair) {
      const [whole, name = '', quoted, bare = ''] = pair
      const { parameters } = found.at(-1) ?? { parameters: new Map<string, string>() }
      // A parameter comes once (RFC 9110 section 11.2): the first counts.
      if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare)
      at += whole.length
      continue
    }
    const start = matchAt(scheme, text, at)
    if (start) found.push({ name: (start[1] ?? '').toLowerCase(), parameters: new Map() })
    at += (start ?? matchAt(divider, text, at))?.[0].length || 1
  }
  return found
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function read(parameters: ReadonlyMap<string, string>): Challenge {
  const claims = parameters.get('claims')
  return {
    error: parameters.get('error'),
    errorDescription: parameters.get('error_description'),
    claims: claims === undefined ? undefined : decodeClaims(claims),
    authorizationUri: parameters.get('authorization_uri'),
    resourceId: parameters.get('resource_id'),
    realm: parameters.get('realm'),
  }
}

/** Base64, of either alphabet and with or without padding; the plain JSON is taken too. Only a JSON object is claims. */
function decodeClaims(text: string): string | undefined {
  if (text.length > longestClaims) return undefined
  const json = /^[\w+/-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64').toString('utf8') : text
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? json : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
