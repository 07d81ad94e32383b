// The authorization code flow with PKCE (RFC 6749 section 4.1, RFC 7636) on MSAL Node, with our own callback.
// Not acquireTokenInteractive: it takes no redirect URI, opens a random port on one loopback address, and never times out.
import type { AuthenticationResult } from '@azure/msal-node'
import { HallpassError } from '../errors/hallpass-error.ts'
import { formatRedirectUri } from '../terms/redirect-uri.ts'
import { authorityOf } from './authority.ts'
import type { Applications, IdentityParts } from './client-application.ts'
import { withEvidence } from './evidence.ts'
import { asSignInRefusal, asTokenFailure } from './failure.ts'
import type { AuthorizationResponse, CodeAuthorization, SignInWish, Wanted } from './identity.ts'
import { msal } from './msal.ts'
import { checkAuthorization } from './probe.ts'

/** What a sign-in brought, handed to whoever keeps the account; gives the bearer. */
export type Take = (result: AuthenticationResult | null) => Promise<Awaited<ReturnType<CodeAuthorization['redeem']>>>

/**
 * Starts a sign-in. What else may be consented to (`alsoConsent`) is left out when the authorization server would not take the request with
 * it, as where a tenant lacks one resource's service principal: `check` finds out, and `url` is then the one without.
 */
export async function beginCode(
  applications: Applications,
  parts: IdentityParts,
  wanted: Wanted,
  { claims, alsoConsent = [], prompt = parts.profile.prompt }: SignInWish,
  take: Take,
): Promise<CodeAuthorization> {
  const { profile, random, explain, dispatcherFor } = parts
  const { origin } = authorityOf(profile)
  const { verifier, challenge } = await new msal.CryptoProvider().generatePkceCodes()
  const request = {
    scopes: wanted.scopes,
    redirectUri: formatRedirectUri(profile.redirectUri, parts.ownPort()),
    state: random(32),
    nonce: random(32),
  }
  const urlWith = async (extraScopesToConsent: string[]) => {
    const url = await withEvidence(() =>
      applications.current().getAuthCodeUrl({
        ...request,
        codeChallenge: challenge,
        codeChallengeMethod: 'S256',
        responseMode: profile.responseMode,
        ...(profile.loginHint && { loginHint: profile.loginHint }),
        ...(prompt && { prompt }),
        ...(claims && { claims }),
        ...(extraScopesToConsent.length > 0 && { extraScopesToConsent }),
      }),
    ).catch(error => Promise.reject(asTokenFailure(error, wanted.audience, explain)))
    if (new URL(url).origin !== origin)
      throw new HallpassError('entra-unclear', { host: new URL(origin).host, why: 'it names an authorization endpoint outside of itself' })
    return url
  }
  const alone = await urlWith([])
  let url = alsoConsent.length > 0 ? await urlWith([...alsoConsent]) : alone
  const ask = (asked: string) => checkAuthorization(asked, random(32), dispatcherFor(origin), explain)
  return {
    kind: 'code',
    get url() {
      return url
    },
    state: request.state,
    check: async () => {
      try {
        await ask(url)
      } catch (error) {
        if (!(error instanceof HallpassError) || error.code !== 'sign-in-refused' || url === alone) throw error
        await ask(alone)
        url = alone
      }
    },
    redeem: async response => {
      if ('error' in response) throw asSignInRefusal(response, explain)
      try {
        return await take(await redeem(applications, { ...request, codeVerifier: verifier, ...(claims && { claims }) }, response))
      } catch (error) {
        throw asTokenFailure(error, wanted.audience, explain)
      }
    },
  }
}

type CodeRequest = { scopes: string[]; redirectUri: string; state: string; nonce: string; codeVerifier: string; claims?: string }

function redeem(
  applications: Applications,
  request: CodeRequest,
  { code, clientInfo }: Exclude<AuthorizationResponse, { error: string }>,
): Promise<AuthenticationResult> {
  // The nonce stands in the request: a confidential client looks for it only there. The state was compared when the answer found its sign-in.
  const payload = { code, state: request.state, ...(clientInfo && { client_info: clientInfo }) }
  return applications.attempt(application => application.acquireTokenByCode({ ...request, code }, payload))
}
