// A profile's identity on MSAL Node: authorization code with PKCE as a public client, with our own callback.
// Not acquireTokenInteractive: it takes no redirect URI, opens a random port on one loopback address, and never times out.
import { type AccountInfo, type AuthenticationResult, CryptoProvider, PublicClientApplication } from '@azure/msal-node'
import type { Dispatcher } from 'undici'
import { HallpassError } from '../errors/hallpass-error.ts'
import { Bearer } from '../terms/bearer.ts'
import type { Random } from '../terms/edges.ts'
import type { Profile } from '../terms/profile.ts'
import { formatRedirectUri } from '../terms/redirect-uri.ts'
import { authorityOf } from './authority.ts'
import { type CacheEntry, createCachePlugin } from './cache-plugin.ts'
import { asSignInRefusal, asTokenFailure, type ExplainAadsts, needsPerson } from './failure.ts'
import type { Authorization, AuthorizationResponse, Identity, Wanted } from './identity.ts'
import { createNetworkModule, withEvidence } from './network-module.ts'
import { checkAuthorization } from './probe.ts'

export type IdentityParts = {
  profile: Profile
  /** The daemon's port, for redirect URIs without one. */
  ownPort: () => number
  dispatcherFor: (origin: string) => Dispatcher
  cache: CacheEntry
  random: Random
  explain: ExplainAadsts
}

/** The identity of a profile that signs a person in as a public client. */
export function createMsalIdentity(parts: IdentityParts): Identity {
  const { profile, dispatcherFor, explain } = parts
  const authority = authorityOf(profile)
  const application = new PublicClientApplication({
    auth: {
      clientId: profile.clientId,
      authority: authority.url,
      knownAuthorities: authority.knownAuthorities,
      ...(authority.metadata && { authorityMetadata: authority.metadata }),
    },
    cache: { cachePlugin: createCachePlugin(parts.cache) },
    system: { networkClient: createNetworkModule(dispatcherFor) },
  })
  const accounts = () => application.getTokenCache().getAllAccounts()

  return {
    authorizationOrigin: authority.origin,
    callbackPath: profile.redirectUri.path,
    begin: wanted => begin(application, parts, authority.origin, wanted),
    silently: async wanted => {
      const [account] = await accounts()
      if (!account) return undefined
      try {
        return asBearer(await withEvidence(() => application.acquireTokenSilent({ account, scopes: wanted.scopes })), wanted)
      } catch (error) {
        if (needsPerson(error)) return undefined
        throw asTokenFailure(error, wanted.audience, explain)
      }
    },
    account: async () => {
      const [account] = await accounts()
      return account && { username: account.username, tenantId: account.tenantId }
    },
    forget: async () => {
      await removeAccounts(application, await accounts())
      parts.cache.set(undefined)
    },
  }
}

async function begin(application: PublicClientApplication, parts: IdentityParts, origin: string, wanted: Wanted): Promise<Authorization> {
  const { profile, random, explain, dispatcherFor } = parts
  const redirectUri = formatRedirectUri(profile.redirectUri, parts.ownPort())
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes()
  const state = random(32)
  const nonce = random(32)
  const request = { scopes: wanted.scopes, redirectUri, state, nonce }
  const url = await application
    .getAuthCodeUrl({ ...request, codeChallenge: challenge, codeChallengeMethod: 'S256', responseMode: profile.responseMode })
    .catch(error => Promise.reject(asTokenFailure(error, wanted.audience, explain)))
  if (new URL(url).origin !== origin) throw new HallpassError('internal', { what: 'the authorization endpoint lies outside its authority' })
  return {
    url,
    state,
    check: () => checkAuthorization(url, random(32), dispatcherFor(origin), explain),
    redeem: response => redeem(application, { ...request, codeVerifier: verifier }, response, wanted, explain),
  }
}

type CodeRequest = { scopes: string[]; redirectUri: string; state: string; nonce: string; codeVerifier: string }

async function redeem(
  application: PublicClientApplication,
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
async function removeAccounts(application: PublicClientApplication, accounts: AccountInfo[]): Promise<void> {
  for (const account of accounts) await application.getTokenCache().removeAccount(account)
}

function asBearer({ accessToken, expiresOn }: AuthenticationResult, { audience }: Wanted): Bearer {
  if (!accessToken || !expiresOn) throw new HallpassError('internal', { what: 'the authorization server gave a token without a life' })
  return new Bearer(accessToken, audience, expiresOn.getTime())
}
