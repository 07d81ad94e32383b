// A redirect URI as the app registration has it (RFC 8252 section 7.3; Redirect URI restrictions, Microsoft Learn).

export type RedirectUri = {
  host: 'localhost' | '127.0.0.1'
  /** The port as written; undefined means the daemon's own. */
  port: number | undefined
  /** Path exactly as written, `/` when there is none. Case and trailing slash matter to Entra. */
  path: string
}

/** The redirect URI, or in one clause what is wrong with it. */
export function parseRedirectUri(text: string): RedirectUri | string {
  if (/^https:/i.test(text))
    return 'https is not possible on localhost: nobody can hold a trusted certificate for it; register http://localhost/… instead'
  const match = /^http:\/\/([^/:?#]+|\[[^\]]*\])(?::(\d{1,5}))?(\/[^?#]*)?$/.exec(text)
  if (!match) return 'it must be http://localhost[:port]/path, without query or fragment'
  const [, host, port, path] = match
  if (host === '[::1]') return 'Entra ID does not support [::1]; use localhost'
  if (host !== 'localhost' && host !== '127.0.0.1') return 'its host must be localhost or 127.0.0.1, in small letters'
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65535)) return 'its port must be between 1 and 65535'
  if (path !== undefined && /[!$'(),;*\\]/.test(path)) return "Entra ID does not allow ! $ ' ( ) , ; * in a redirect URI"
  return { host, port: port === undefined ? undefined : Number(port), path: path ?? '/' }
}

/** The redirect URI as it is sent: literally what was configured, with the daemon's port where none was. */
export function formatRedirectUri({ host, port, path }: RedirectUri, ownPort: number): string {
  return `http://${host}:${port ?? ownPort}${path}`
}
