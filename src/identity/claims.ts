// Claims requests (OpenID Connect Core section 5.5): what a service demands and what Entra ID demands, in one.

type Members = Record<string, unknown>

/** Claims travel in the URL of the sign-in. */
const longest = 4096

/** The text, when it is a claims request that can be sent; undefined otherwise: MSAL would refuse every sign-in with it. */
export function usableClaims(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= longest && parse(text) ? text : undefined
}

/** Both requests in one, member by member; the first wins where both name the same claim. Undefined when there is none. */
export function joinClaims(first: string | undefined, second: string | undefined): string | undefined {
  const [own, further] = [usableClaims(first), usableClaims(second)]
  const [one, other] = [parse(own), parse(further)]
  if (!one || !other) return own ?? further
  const members = [...new Set([...Object.keys(other), ...Object.keys(one)])]
  const joined = Object.fromEntries(members.map(name => [name, { ...asMembers(other[name]), ...asMembers(one[name]) }]))
  return usableClaims(JSON.stringify(joined)) ?? own
}

function parse(text: string | undefined): Members | undefined {
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function asMembers(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {}
}
