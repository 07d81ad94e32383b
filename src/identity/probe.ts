// Asks the authorization endpoint, before any browser opens, whether the registration would accept the request.
// Entra answers a wrong redirect URI, client or tenant with a page for a person, never with a redirect: the waiting request would learn nothing.
import { type Dispatcher, request } from 'undici'
import { HallpassError } from '../errors/hallpass-error.ts'
import { answeredByPerson, asSignInRefusal, describeRefusal, type ExplainAadsts } from './failure.ts'
import { readBounded, refuseBusy, sendToEntra } from './network-module.ts'

const timeout = 15_000

/**
 * Sends the authorization request with `prompt=none` (OpenID Connect Core 3.1.2.1) and without cookies: the server must answer by
 * redirecting `login_required` to the redirect URI. Another error there, or a page that names an AADSTS code instead, is its refusal.
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
  const { statusCode, headers, body } = await sendToEntra(url.host, () =>
    request(url, { dispatcher, signal: AbortSignal.timeout(timeout) }),
  )
  const page = await readBounded(url.host, body)
  if (statusCode >= 300 && statusCode < 400) return readRedirect(String(headers.location ?? ''), explain)
  refuseBusy(url.host, statusCode, headers)
  const [refusal] = /AADSTS\d{4,7}:[^<\r\n"\\]*/.exec(page) ?? []
  if (refusal) throw new HallpassError('sign-in-refused', describeRefusal(decodeEntities(refusal), explain))
}

function readRedirect(location: string, explain: ExplainAadsts): void {
  if (!URL.canParse(location)) return
  const { searchParams } = new URL(location)
  const error = searchParams.get('error')
  if (error === null || answeredByPerson.includes(error)) return
  throw asSignInRefusal({ error, description: searchParams.get('error_description') ?? undefined, subcode: undefined }, explain)
}

function decodeEntities(text: string): string {
  return text
    .replace(/&#(?:x27|39);/g, "'")
    .replace(/&quot;/g, '"')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
}
