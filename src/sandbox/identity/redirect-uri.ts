// Which redirect URI a request may name (Redirect URI restrictions and limitations, Microsoft Learn).
import type { Application } from './directory.ts'
import { EntraError } from './entra-error.ts'

/**
 * The redirect URI as it was sent, when the application has registered it. Compared as text, so scheme, host, path, case and a trailing
 * slash count; only the port of `http://localhost` does not (RFC 8252 section 7.3). Throws 900971, 90102 or 50011.
 */
export function checkRedirectUri({ appId, redirectUris }: Application, sent: string | undefined): string {
  if (!sent) throw new EntraError(900971)
  if (!URL.canParse(sent)) throw new EntraError(90102)
  const wanted = withoutPort(sent)
  const registered = redirectUris.publicClient.some(uri => withoutPort(uri) === wanted)
  if (!registered || new URL(sent).hostname === '[::1]') throw new EntraError(50011, sent, appId)
  return sent
}

/** `http://localhost:7071/a` as `http://localhost/a`; a URI without a path means the path `/`. Others stay as they are. */
function withoutPort(uri: string): string {
  const [, rest] = /^http:\/\/localhost(?::\d{1,5})?((?:[/?#].*)?)$/s.exec(uri) ?? []
  if (rest === undefined) return uri
  return `http://localhost${rest.startsWith('/') ? rest : `/${rest}`}`
}
