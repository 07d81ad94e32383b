// Begins a sign-in at the authorization server, for all that the profile's routes use.
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'
import type { Authorization, Identity, Wanted } from '../identity/identity.ts'
import type { Clock } from '../terms/edges.ts'
import { mayOpen } from '../terms/page-to-open.ts'
import type { Route } from '../terms/route.ts'
import { type BackOff, withRetryAfter } from './back-off.ts'
import { furtherScopes } from './further-scopes.ts'

/** What is asked of the person. */
export type Wish = {
  /** The claims that a service's challenge demands, as JSON. */
  claims?: string | undefined
  /** Let the person choose the account, whoever is signed in there. */
  choose?: boolean | undefined
}

export type BeginSignIn = {
  /** Rejects when the authorization server would not take it; with Retry-After within a pause after failures. */
  (identity: Identity, profile: string, wanted: Wanted, wish: Wish): Promise<Authorization>
  /** Somebody is there: what failed may be tried again at once. */
  again(profile: string): void
}

type Parts = { routes: readonly Route[]; backOff: BackOff; clock: Clock }

/** The waiting requests of a busy application are no reason to ask the server again and again: from the second failure on there are pauses. */
export function createBeginSignIn({ routes, backOff, clock }: Parts): BeginSignIn {
  const keyOf = (profile: string) => `sign-in ${profile}`
  const begin = async (identity: Identity, profile: string, wanted: Wanted, wish: Wish): Promise<Authorization> => {
    const key = keyOf(profile)
    const pause = backOff.now(key)
    if (pause?.error && pause.failures > 1) throw withRetryAfter(pause.error, pause.until, clock.now())
    try {
      const authorization = await ask(identity, wanted, wish, furtherScopes(routes, profile, wanted))
      backOff.clear(key)
      return authorization
    } catch (thrown) {
      const error = asHallpassError(thrown)
      const { until } = backOff.failed(key, error)
      throw withRetryAfter(error, until, clock.now())
    }
  }
  return Object.assign(begin, { again: (profile: string) => backOff.clear(keyOf(profile)) })
}

async function ask(identity: Identity, wanted: Wanted, { claims, choose }: Wish, alsoConsent: readonly string[]): Promise<Authorization> {
  const authorization = await identity.begin(wanted, {
    ...(claims !== undefined && { claims }),
    ...(choose && { prompt: 'select_account' }),
    alsoConsent,
  })
  if (authorization.kind !== 'code') return authorization
  refuseForeignPage(authorization.url, identity)
  await authorization.check()
  return authorization
}

/** A person is sent to the profile's authorization server only, whatever its metadata say. */
function refuseForeignPage(url: string, { authorizationOrigin }: Identity): void {
  if (mayOpen(url, authorizationOrigin)) return
  throw new HallpassError('internal', { what: 'the sign-in page is at another place than the authorization server' })
}
