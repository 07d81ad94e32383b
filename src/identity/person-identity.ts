// A person's identity on MSAL Node: signs in by authorization code or device code, and goes on by the refresh token.
import type { AccountInfo, AuthenticationResult, PublicClientApplication } from '@azure/msal-node'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Bearer } from '../terms/bearer.ts'
import { asBearer } from './as-bearer.ts'
import { authorityOf } from './authority.ts'
import { beginCode } from './authorization-code.ts'
import { detachable } from './cache-plugin.ts'
import { joinClaims } from './claims.ts'
import { type Applications, confidentialApplications, type IdentityParts, publicApplication } from './client-application.ts'
import { beginDevice } from './device-code.ts'
import { endedGrants } from './ended-grants.ts'
import { EntraRefusal, withEvidence } from './evidence.ts'
import { asTokenFailure, needsPerson } from './failure.ts'
import type { Authorization, Identity, SilentWish, Wanted } from './identity.ts'

/** The identity of a profile that signs a person in. */
export function createPersonIdentity(parts: IdentityParts): Identity {
  const { profile, explain } = parts
  let session = createSession(parts)
  const application = () => session.applications.current()
  const ended = endedGrants(parts)
  /** A sign-in for several resources that has not come back with one of its ends: the next is for one alone, in case a page of Entra ID said no. */
  let unanswered = false
  /** Without its credential the application can serve nobody, whoever signed in before. */
  const isReady = () => session.publicClient !== undefined || parts.credentials().usable.length > 0
  const accounts = async () => (isReady() ? application().getTokenCache().getAllAccounts() : [])
  const forget = async (accounts: readonly AccountInfo[]) => {
    for (const account of accounts) await application().getTokenCache().removeAccount(account)
  }
  /** A profile signs in one person at a time: whoever signed in before is forgotten. */
  const take = async (result: AuthenticationResult | null, wanted: Wanted): Promise<Bearer> => {
    const account = result?.account
    if (!account) throw namesNobody(wanted)
    await forget((await accounts()).filter(({ homeAccountId }) => homeAccountId !== account.homeAccountId))
    ended.clear()
    unanswered = false
    return asBearer(result, wanted)
  }

  const silently = async (wanted: Wanted, { renew = false, claims }: SilentWish = {}): Promise<Bearer | undefined> => {
    const [account] = await accounts()
    if (!account || ended.lately(wanted)) return undefined
    const request = { account, scopes: wanted.scopes, forceRefresh: renew, ...(claims && { claims }) }
    try {
      return asBearer(await session.applications.attempt(application => application.acquireTokenSilent(request)), wanted)
    } catch (error) {
      if (!needsPerson(error)) throw asTokenFailure(error, wanted.audience, explain)
      if (error instanceof EntraRefusal) ended.note(error.refusal, wanted)
      return undefined
    }
  }

  return {
    authorizationOrigin: authorityOf(profile).origin,
    browser: profile.browser,
    callbackPath: profile.flow === 'authorization-code' ? profile.redirectUri.path : undefined,
    begin: (wanted, wish = {}): Promise<Authorization> => {
      const claims = joinClaims(wish.claims, ended.claimsFor(wanted))
      const alsoConsent = unanswered ? [] : (wish.alsoConsent ?? [])
      unanswered = alsoConsent.length > 0
      const whole = { alsoConsent, ...(claims !== undefined && { claims }), ...(wish.prompt && { prompt: wish.prompt }) }
      const begun = session
      const { publicClient, applications } = begun
      const taken = async (result: AuthenticationResult | null) => {
        // Whoever signed out meanwhile, or in again, is not to be replaced.
        if (begun !== session) throw new HallpassError('signed-out', { profile: profile.name })
        return take(result, wanted)
      }
      if (profile.flow !== 'device-code' || !publicClient) return beginCode(applications, parts, wanted, whole, taken)
      const dropped = async (result: AuthenticationResult | null) => forget(result?.account ? [result.account] : [])
      return beginDevice(publicClient, parts, wanted, whole, { take: taken, forget: dropped })
    },
    silently,
    account: async () => {
      const [account] = await accounts()
      return account && { username: account.username, tenantId: account.tenantId }
    },
    forget: async () => {
      ended.clear()
      session.cache.detach()
      session = createSession(parts)
      parts.cache.set(undefined)
    },
  }
}

type Session = { cache: ReturnType<typeof detachable>; publicClient: PublicClientApplication | undefined; applications: Applications }

/** MSAL's applications until somebody signs out. What is under way then writes nothing any more. */
function createSession(parts: IdentityParts): Session {
  const cache = detachable(parts.cache)
  const within = { ...parts, cache }
  const publicClient = parts.profile.credential === 'none' ? publicApplication(within) : undefined
  return { cache, publicClient, applications: publicClient ? only(publicClient) : confidentialApplications(within) }
}

function only(application: PublicClientApplication): Applications<PublicClientApplication> {
  return { current: () => application, attempt: call => withEvidence(() => call(application)) }
}

/** Without an account there is nothing to refresh with, and the token would die quietly. */
function namesNobody({ audience }: Wanted): HallpassError {
  const what = 'Its answer names no account (client_info), so that nothing could be refreshed.'
  return new HallpassError('token-refused', { audience, what, fix: 'Start again: `hallpass login`.' })
}
