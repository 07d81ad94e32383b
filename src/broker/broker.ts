// The broker: who is signed in, and the token that each route needs.
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'
import type { Account, Identity, Wanted } from '../identity/identity.ts'
import type { Tell } from '../journal/events.ts'
import type { Clock, OpenBrowser, Random } from '../terms/edges.ts'
import type { Profile } from '../terms/profile.ts'
import type { Route } from '../terms/route.ts'
import { createAskPerson } from './ask-person.ts'
import { createBackOff } from './back-off.ts'
import { createBeginSignIn } from './begin-sign-in.ts'
import { createFlights } from './flights.ts'
import { createGovernor } from './governor.ts'
import { createRefreshAhead } from './refresh-ahead.ts'
import type { Opening, SignIn, SignIns } from './sign-in.ts'
import { createSignIns, type SignInParts } from './sign-ins.ts'
import { createSlots } from './slots.ts'
import { createReport, type TokenState } from './token-state.ts'
import { createTokens, type Tokens } from './tokens.ts'

export type ProfileStatus = { profile: string; account: Account | undefined; signIn: SignIn | undefined; waiting: number }

export type Broker = {
  readonly tokens: Tokens
  readonly signIns: SignIns
  /** The only origin to which a sign-in of the profile sends a browser. */
  authorizationOrigin(profile: string): string
  /** Starts (or joins) the sign-in of a profile for the first of its routes, because a person asked for it unless it says otherwise. */
  signIn(profile: string, options: SignInOptions): Promise<SignIn>
  /** The user name of whoever is signed in and can be served without a person; undefined otherwise. */
  signedIn(profile: string): Promise<string | undefined>
  /** Forgets whoever is signed in, in memory and in the vault, and ends what waits for them; rejects, after that, with what a listener threw. */
  signOut(profile: string): Promise<void>
  /** Calls the listener with every profile that was signed out, before `signOut` resolves. */
  onSignedOut(listener: (profile: string) => void): void
  profiles(): Promise<ProfileStatus[]>
  /** What is known of the route's token. */
  tokenState(route: Route): TokenState
  /** Ends what waits for a person, with this reason, and renews nothing any more. */
  close(reason: HallpassError): void
}

export type SignInOptions = {
  open: Opening
  returnTo?: string | undefined
  /** Let the person choose another account. */
  choose?: boolean | undefined
  /** False when a program asks, or may have asked. */
  attended?: boolean
}

export type BrokerParts = {
  routes: readonly Route[]
  identities: ReadonlyMap<string, Identity>
  flowOf: (profile: string) => Profile['flow'] | undefined
  clock: Clock
  random: Random
  openBrowser: OpenBrowser
  tell: Tell
  linkOf: SignInParts['linkOf']
  openingLinkOf: SignInParts['openingLinkOf']
  holdRedirect: SignInParts['holdRedirect']
  signInPage: () => string
  /** Resolves when what was set in the vault rests there. */
  flush: () => Promise<void>
  /** Resolves when the vault could keep a sign-in now. */
  canKeep: () => Promise<void>
  waitSeconds: number
  limitSeconds: number
  maxWaiting: number
}

export function createBroker(parts: BrokerParts): Broker {
  const { routes, identities, tell } = parts
  const listeners = new Set<(profile: string) => void>()
  const backOff = createBackOff(parts)
  const governor = createGovernor(parts)
  const slots = createSlots(routes, parts)
  const flights = createFlights({ ...parts, slots, backOff })
  const refreshAhead = createRefreshAhead({ ...parts, slots, flights, backOff })
  const forget = async (profile: string, reason: HallpassError) => {
    tokens.drop(profile, reason)
    await identities.get(profile)?.forget()
    await parts.flush()
  }
  const signIns = createSignIns({
    ...parts,
    governor,
    begin: createBeginSignIn({ ...parts, backOff }),
    signedIn: async (profile, wanted, bearer, claims) => {
      tokens.put(profile, wanted, bearer, claims)
      // A vault that cannot be written now is told by the vault and tried again; the sign-in stands.
      await parts.flush().catch(rethrowUnlessOurs)
    },
    forget: (profile, reason) => void forget(profile, reason).catch(rethrowUnlessOurs),
  })
  const askPerson = createAskPerson({ ...parts, signIns, governor })
  const tokens = createTokens({ ...parts, slots, flights, backOff, refreshAhead, askPerson })

  return {
    tokens,
    signIns,
    authorizationOrigin: profile => identities.get(profile)?.authorizationOrigin ?? '',
    signIn: async (profile, { attended = true, ...options }) => {
      if (parts.flowOf(profile) === 'client-credentials') await refuseSignIn(tokens, profile)
      if (attended) signIns.acknowledge(profile)
      return signIns.start(profile, firstWanted(routes, profile), options)
    },
    signedIn: async profile => {
      const account = await identities.get(profile)?.account()
      return account && (await tokens.silently(profile)) ? account.username : undefined
    },
    signOut: async profile => {
      const reason = new HallpassError('signed-out', { profile })
      signIns.acknowledge(profile)
      signIns.cancel(profile, reason)
      const forgotten = forget(profile, reason)
      // A listener that fails, as on a full disk, is told of once nobody is signed in any more.
      const heard = [...listeners].map(listener => failureOf(() => listener(profile)))
      await forgotten
      tell({ event: 'signed-out', profile })
      for (const failure of heard) if (failure) throw failure
    },
    onSignedOut: listener => void listeners.add(listener),
    profiles: () =>
      Promise.all(
        [...identities].map(async ([profile, identity]) => ({
          profile,
          account: await identity.account(),
          signIn: signIns.pendingOf(profile),
          waiting: tokens.waiting(profile),
        })),
      ),
    tokenState: createReport({ slots, backOff }),
    close: reason => {
      refreshAhead.close()
      signIns.close(reason)
    },
  }
}

function failureOf(action: () => void): HallpassError | undefined {
  try {
    action()
    return undefined
  } catch (thrown) {
    return asHallpassError(thrown)
  }
}

function firstWanted(routes: readonly Route[], profile: string): Wanted {
  const route = routes.find(candidate => candidate.profile === profile)
  if (!route)
    throw new HallpassError('usage', {
      what: `No route uses the profile ${profile}, so there is nothing to sign in for.`,
      command: 'hallpass login',
    })
  return { audience: route.audience, scopes: route.scopes }
}

/** What keeps the application from its token is what there is to say. */
async function refuseSignIn(tokens: Tokens, profile: string): Promise<never> {
  await tokens.silently(profile)
  throw new HallpassError('usage', {
    what: `The application of profile ${profile} acts for itself: nobody signs in.`,
    command: 'hallpass login',
  })
}

function rethrowUnlessOurs(error: unknown): void {
  if (!(error instanceof HallpassError)) throw error
}
