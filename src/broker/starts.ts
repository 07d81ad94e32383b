// Sign-ins that are still being begun: one at a time per profile, and none that was ended meanwhile.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Authorization, Identity, Wanted } from '../identity/identity.ts'
import type { BeginSignIn, Wish } from './begin-sign-in.ts'
import { once } from './once.ts'
import { stop } from './sign-in-entry.ts'

export type StartParts = {
  identities: ReadonlyMap<string, Identity>
  begin: BeginSignIn
  /** Opens the port of the redirect URI when it is not the daemon's own; gives what closes it. Rejects with redirect-port-taken. */
  holdRedirect: (profile: string) => Promise<() => void>
  /** Rejects when the vault could not keep what a sign-in brings: none begins then. */
  canKeep: () => Promise<void>
}

export type Starts<Started> = {
  /** What `enter` makes of the authorization, the same for all who ask meanwhile. Rejects as the parts do, and with the reason of `doom` or `close`. */
  start(profile: string, wanted: Wanted, wish: Wish, enter: Enter<Started>): Promise<Started>
  /** Ends the start that is under way for the profile; false when there is none. */
  doom(profile: string, reason: HallpassError): boolean
  /** Ends all that are under way, and refuses every later one. */
  close(reason: HallpassError): void
}

/** `release` closes what was opened for it. */
type Enter<Started> = (authorization: Authorization, release: () => void) => Started

export function createStarts<Started>(parts: StartParts): Starts<Started> {
  const running = new Map<string, Promise<Started>>()
  const doomed = new Map<string, HallpassError>()
  let closed: HallpassError | undefined
  const refuseDoomed = (profile: string) => {
    const doom = closed ?? doomed.get(profile)
    if (doom) throw doom
  }

  const begin = async (profile: string, wanted: Wanted, wish: Wish, enter: Enter<Started>): Promise<Started> => {
    const identity = parts.identities.get(profile)
    if (!identity) throw new HallpassError('internal', { what: 'a sign-in for an unknown profile' })
    refuseDoomed(profile)
    await parts.canKeep()
    const authorization = await parts.begin(identity, profile, wanted, wish)
    let release: (() => void) | undefined
    try {
      // A port that is opened for a sign-in that has ended would be in the way of the next one.
      refuseDoomed(profile)
      release = await parts.holdRedirect(profile)
      refuseDoomed(profile)
      return enter(authorization, release)
    } catch (error) {
      release?.()
      stop(authorization)
      throw error
    }
  }

  return {
    start: (profile, wanted, wish, enter) =>
      once(running, profile, () => {
        doomed.delete(profile)
        return begin(profile, wanted, wish, enter)
      }),
    doom: (profile, reason) => {
      if (running.has(profile)) doomed.set(profile, reason)
      return running.has(profile)
    },
    close: reason => {
      closed = reason
    },
  }
}
