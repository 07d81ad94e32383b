// Asks the authorization endpoint, before any browser opens, whether the registration would accept the request.
// Entra answers a wrong redirect URI, client or tenant with a page for a person, never with a redirect: the waiting request would learn nothing.
import { type Dispatcher, request } from 'undici'
import { HallpassError } from '../errors/hallpass-error.ts'
import { describeRefusal, type ExplainAadsts } from './failure.ts'
import { readBounded, sendToEntra } from './network-module.ts'

const timeout = 15_000

/**
 * Sends the authorization request with `prompt=none` (OpenID Connect Core 3.1.2.1) and without cookies: the server must answer by
 * redirecting `login_required` to the redirect URI. A page that names an AADSTS code instead is its refusal.
 * Rejects with sign-in-refused or an entra- error; anything unclear counts as accepted, the browser will show it.
 */
export async function checkAuthorization(
  authorizationUrl: string,
  random: string,
  dispatcher: Dispatcher,
  explain: ExplainAadsts,
): Promise<void> {
  const url = new URL(authorizationUrl)
  url.searchParams.set('prompt', 'none')
  url.searchParams.set('response_mode', 'query')
  url.searchParams.set('state', random)
  url.searchParams.set('nonce', random)
  const { statusCode, body } = await sendToEntra(url.host, () => request(url, { dispatcher, signal: AbortSignal.timeout(timeout) }))
  const page = await readBounded(url.host, body)
  if (statusCode >= 300 && statusCode < 400) return
  if (statusCode >= 500) throw new HallpassError('entra-unreachable', { host: url.host, why: `it answered ${statusCode}` })
  const [refusal] = /AADSTS\d{4,7}:[^<\r\n"\\]*/.exec(page) ?? []
  if (refusal) throw new HallpassError('sign-in-refused', describeRefusal(decodeEntities(refusal), explain))
}

function decodeEntities(text: string): string {
  return text
    .replace(/&#(?:x27|39);/g, "'")
    .replace(/&quot;/g, '"')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
}
