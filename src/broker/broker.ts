// The broker: who is signed in, and the token that each route needs.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Account, Identity, Wanted } from '../identity/identity.ts'
import type { Tell } from '../journal/events.ts'
import type { Clock, OpenBrowser, Random } from '../terms/edges.ts'
import type { Route } from '../terms/route.ts'
import { createSignIns, type Opening, type SignIn, type SignIns } from './sign-ins.ts'
import { createTokens, type Tokens } from './tokens.ts'

export type ProfileStatus = { profile: string; account: Account | undefined; signIn: { link: string } | undefined }

export type Broker = {
  readonly tokens: Tokens
  readonly signIns: SignIns
  /** The only origin to which a sign-in of the profile sends a browser. */
  authorizationOrigin(profile: string): string
  /** Starts (or joins) the sign-in of a profile for the first of its routes. */
  signIn(profile: string, options: { open: Opening; returnTo?: string | undefined }): Promise<SignIn>
  /** The user name of whoever is signed in and can be served without a person; undefined otherwise. */
  signedIn(profile: string): Promise<string | undefined>
  /** Forgets whoever is signed in, in memory and in the vault. */
  signOut(profile: string): Promise<void>
  profiles(): Promise<ProfileStatus[]>
  /** Ends what waits for a person, with this reason. */
  close(reason: HallpassError): void
}

export type BrokerParts = {
  routes: readonly Route[]
  identities: ReadonlyMap<string, Identity>
  clock: Clock
  random: Random
  openBrowser: OpenBrowser
  tell: Tell
  linkOf: (id: string) => string
  holdRedirect: (profile: string) => Promise<() => void>
  signInPage: () => string
  /** Resolves when what was set in the vault rests there. */
  flush: () => Promise<void>
  waitSeconds: number
  limitSeconds: number
  maxWaiting: number
}

export function createBroker(parts: BrokerParts): Broker {
  const { routes, identities, tell } = parts
  const signIns = createSignIns({
    ...parts,
    signedIn: async (profile, wanted, bearer) => {
      tokens.put(profile, wanted, bearer)
      // A vault that cannot be written now is told by the vault and tried again; the sign-in stands.
      await parts.flush().catch(rethrowUnlessOurs)
    },
  })
  const tokens = createTokens({ ...parts, signIns })

  return {
    tokens,
    signIns,
    authorizationOrigin: profile => identities.get(profile)?.authorizationOrigin ?? '',
    signIn: (profile, options) => signIns.start(profile, firstWanted(routes, profile), options),
    signedIn: async profile => {
      const identity = identities.get(profile)
      const account = await identity?.account()
      return account && (await identity?.silently(firstWanted(routes, profile))) ? account.username : undefined
    },
    signOut: async profile => {
      signIns.cancel(profile)
      tokens.drop(profile)
      await identities.get(profile)?.forget()
      await parts.flush()
      tell({ event: 'signed-out', profile })
    },
    profiles: () =>
      Promise.all(
        [...identities].map(async ([profile, identity]) => {
          const pending = signIns.pendingOf(profile)
          return { profile, account: await identity.account(), signIn: pending && { link: pending.link } }
        }),
      ),
    close: reason => signIns.close(reason),
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

function rethrowUnlessOurs(error: unknown): void {
  if (!(error instanceof HallpassError)) throw error
}
