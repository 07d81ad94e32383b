// Which redirect URI a request may name, and what it makes of the application (Redirect URI restrictions and limitations, Microsoft Learn).
import type { Application, Platform } from './directory.ts'
import { EntraError } from './entra-error.ts'

export type MatchedRedirectUri = { redirectUri: string; platform: Platform }

const platforms = ['web', 'spa', 'publicClient'] as const

/**
 * The redirect URI as it was sent, when the application has registered it, and the platform it is registered for. Compared as text, so
 * scheme, host, path, case and a trailing slash count; only the port of `http://localhost` does not (RFC 8252 section 7.3). Of several
 * that differ in the port alone Entra ID picks one arbitrarily, whichever was sent; here it is the first, web before SPA before public
 * client. Throws 900971, 500113, 90102 or 50011.
 */
export function matchRedirectUri({ appId, redirectUris }: Application, sent: string | undefined): MatchedRedirectUri {
  if (!sent) throw new EntraError(900971)
  if (platforms.every(platform => redirectUris[platform].length === 0)) throw new EntraError(500113)
  if (!URL.canParse(sent)) throw new EntraError(90102)
  const wanted = withoutPort(sent)
  const platform = platforms.find(platform => redirectUris[platform].some(uri => withoutPort(uri) === wanted))
  if (!platform || new URL(sent).hostname === '[::1]') throw new EntraError(50011, sent, appId)
  return { redirectUri: sent, platform }
}

/** `http://localhost:7071/a` as `http://localhost/a`; a URI without a path means the path `/`. Others stay as they are. */
function withoutPort(uri: string): string {
  const [, rest] = /^http:\/\/localhost(?::\d{1,5})?((?:[/?#].*)?)$/s.exec(uri) ?? []
  if (rest === undefined) return uri
  return `http://localhost${rest.startsWith('/') ? rest : `/${rest}`}`
}

/** Why Entra ID would not register this redirect URI for this platform, in one sentence; undefined when it would. */
export function redirectUriProblem(uri: string, platform: Platform): string | undefined {
  if (!URL.canParse(uri)) return 'it must be an absolute URI'
  const { protocol, hostname, hash } = new URL(uri)
  const loopback = hostname === 'localhost' || (hostname === '127.0.0.1' && platform !== 'spa')
  if (uri.length > 256) return 'it must not be longer than 256 characters'
  if (/[*!$'(),;]/.test(uri)) return "it must not hold any of * ! $ ' ( ) , ;"
  if (hash !== '' || uri.includes('#')) return 'it must not have a fragment'
  if (hostname === '[::1]') return 'IPv6 loopback is not supported; use localhost'
  if (protocol === 'http:' && !loopback) return 'it must be https unless it leads to localhost'
  if (!/^https?:$/.test(protocol) && platform !== 'publicClient') return 'it must be an http or https URI'
  return undefined
}
