// A person's identity on MSAL Node: authorization code with PKCE, as a public or a confidential client, with our own callback.
// Not acquireTokenInteractive: it takes no redirect URI, opens a random port on one loopback address, and never times out.
import { type AccountInfo, type ConfidentialClientApplication, CryptoProvider, type PublicClientApplication } from '@azure/msal-node'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Bearer } from '../terms/bearer.ts'
import { formatRedirectUri } from '../terms/redirect-uri.ts'
import { asBearer } from './as-bearer.ts'
import { authorityOf } from './authority.ts'
import { confidentialApplications, type IdentityParts, publicApplication } from './client-application.ts'
import { asSignInRefusal, asTokenFailure, type ExplainAadsts, needsPerson } from './failure.ts'
import type { AuthorizationResponse, CodeAuthorization, Identity, SignInWish, Wanted } from './identity.ts'
import { withEvidence } from './network-module.ts'
import { checkAuthorization } from './probe.ts'

type Application = PublicClientApplication | ConfidentialClientApplication

/** The identity of a profile that signs a person in. */
export function createPersonIdentity(parts: IdentityParts): Identity {
  const { profile, explain } = parts
  const { origin } = authorityOf(profile)
  const application = applicationsOf(parts)
  const accountOf = async () => (await application().getTokenCache().getAllAccounts())[0]

  return {
    authorizationOrigin: origin,
    browser: profile.browser,
    callbackPath: profile.redirectUri.path,
    begin: (wanted, wish) => begin(application(), parts, origin, wanted, wish),
    silently: async (wanted, { renew = false, claims } = {}) => {
      const account = await accountOf()
      if (!account) return undefined
      try {
        return asBearer(
          await withEvidence(() =>
            application().acquireTokenSilent({ account, scopes: wanted.scopes, forceRefresh: renew, ...(claims && { claims }) }),
          ),
          wanted,
        )
      } catch (error) {
        if (needsPerson(error)) return undefined
        throw asTokenFailure(error, wanted.audience, explain)
      }
    },
    account: async () => {
      const account = await accountOf()
      return account && { username: account.username, tenantId: account.tenantId }
    },
    forget: async () => {
      const tokenCache = application().getTokenCache()
      for (const account of await tokenCache.getAllAccounts()) await tokenCache.removeAccount(account)
      parts.cache.set(undefined)
    },
  }
}

function applicationsOf(parts: IdentityParts): () => Application {
  if (parts.profile.credential !== 'none') return confidentialApplications(parts).current
  const application = publicApplication(parts)
  return () => application
}

async function begin(
  application: Application,
  parts: IdentityParts,
  origin: string,
  wanted: Wanted,
  { claims, alsoConsent }: SignInWish = {},
): Promise<CodeAuthorization> {
  const { profile, random, explain, dispatcherFor } = parts
  const redirectUri = formatRedirectUri(profile.redirectUri, parts.ownPort())
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes()
  const state = random(32)
  const nonce = random(32)
  const request = { scopes: wanted.scopes, redirectUri, state, nonce }
  const url = await application
    .getAuthCodeUrl({
      ...request,
      codeChallenge: challenge,
      codeChallengeMethod: 'S256',
      responseMode: profile.responseMode,
      ...(profile.loginHint && { loginHint: profile.loginHint }),
      ...(profile.prompt && { prompt: profile.prompt }),
      ...(claims && { claims }),
      ...(alsoConsent && { extraScopesToConsent: [...alsoConsent] }),
    })
    .catch(error => Promise.reject(asTokenFailure(error, wanted.audience, explain)))
  if (new URL(url).origin !== origin) throw new HallpassError('internal', { what: 'the authorization endpoint lies outside its authority' })
  return {
    kind: 'code',
    url,
    state,
    check: () => checkAuthorization(url, random(32), dispatcherFor(origin), explain),
    redeem: response => redeem(application, { ...request, codeVerifier: verifier }, response, wanted, explain),
  }
}

type CodeRequest = { scopes: string[]; redirectUri: string; state: string; nonce: string; codeVerifier: string }

async function redeem(
  application: Application,
  { nonce, ...request }: CodeRequest,
  response: AuthorizationResponse,
  wanted: Wanted,
  explain: ExplainAadsts,
): Promise<Bearer> {
  if ('error' in response) throw asSignInRefusal(response, explain)
  const { code, clientInfo } = response
  const before = await application.getTokenCache().getAllAccounts()
  try {
    const result = await withEvidence(() =>
      application.acquireTokenByCode(
        { ...request, code },
        { code, state: request.state, nonce, ...(clientInfo && { client_info: clientInfo }) },
      ),
    )
    await removeAccounts(
      application,
      before.filter(account => account.homeAccountId !== result.account?.homeAccountId),
    )
    return asBearer(result, wanted)
  } catch (error) {
    throw asTokenFailure(error, wanted.audience, explain)
  }
}

/** A profile signs in one person at a time: whoever signed in before is forgotten. */
async function removeAccounts(application: Application, accounts: AccountInfo[]): Promise<void> {
  for (const account of accounts) await application.getTokenCache().removeAccount(account)
}
