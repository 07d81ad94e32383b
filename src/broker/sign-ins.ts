// Signs people in: one sign-in at a time per profile, which outlives the request that asked for it.
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'
import type { Authorization, Wanted } from '../identity/identity.ts'
import type { Tell } from '../journal/events.ts'
import type { Bearer } from '../terms/bearer.ts'
import type { Clock, OpenBrowser, Random } from '../terms/edges.ts'
import type { Wish } from './begin-sign-in.ts'
import type { Governor } from './governor.ts'
import { createOpeningLinks } from './opening-links.ts'
import type { SignIns } from './sign-in.ts'
import { createOutcome, describeSignIn, type Entry, forgetOldest, stop } from './sign-in-entry.ts'
import { createStarts, type StartParts } from './starts.ts'

export type SignInParts = StartParts & {
  governor: Governor
  clock: Clock
  random: Random
  openBrowser: OpenBrowser
  tell: Tell
  /** Seconds that a sign-in stays open. */
  limitSeconds: number
  /** The link to the page of a sign-in, by its ID. */
  linkOf: (id: string) => string
  /** The link that a browser is started with, by its secret. */
  openingLinkOf: (secret: string) => string
  signedIn: (profile: string, wanted: Wanted, bearer: Bearer, claims: string | undefined) => Promise<void>
  /** Takes whoever is signed in out of use, at once; what is under way for them ends with the reason. */
  forget: (profile: string, reason: HallpassError) => void
}

export function createSignIns(parts: SignInParts): SignIns {
  const { governor, clock, tell } = parts
  const starts = createStarts<Entry>(parts)
  const pending = new Map<string, Entry>()
  const byId = new Map<string, Entry>()
  const byState = new Map<string, Entry>()
  const openings = createOpeningLinks<Entry>(parts.random)

  const end = (entry: Entry, error?: HallpassError) => {
    const { signIn, authorization } = entry
    const { profile } = signIn
    if (signIn.state !== 'pending') return
    entry.timer.cancel()
    entry.release()
    stop(authorization)
    if (pending.get(profile) === entry) pending.delete(profile)
    signIn.state = error ? 'failed' : 'done'
    signIn.error = error
    if (error) {
      tell({ event: 'sign-in-failed', profile, code: error.code, summary: error.summary, remedy: error.remedy })
      entry.settle.failed(error)
    } else {
      governor.acknowledged(profile)
      tell({ event: 'signed-in', profile })
      entry.settle.done()
    }
  }

  /** Ends a sign-in that is not wanted any more; whoever it may have brought already, a stranger perhaps, is out of use at once. */
  const abandon = (entry: Entry, error: HallpassError) => {
    const { signIn, arriving } = entry
    if (signIn.state !== 'pending') return
    end(entry, error)
    if (arriving) parts.forget(signIn.profile, error)
  }

  const enter = (profile: string, wanted: Wanted, { claims }: Wish, authorization: Authorization, release: () => void): Entry => {
    const id = parts.random(16)
    const { settle, outcome } = createOutcome()
    const signIn = describeSignIn(authorization, profile, id, parts.linkOf(id), outcome)
    const [timer, opened, arriving] = [limit(() => entry), false, false]
    const entry: Entry = { signIn, authorization, wanted, claims, timer, opened, arriving, settle, release }
    pending.set(profile, entry)
    byId.set(id, entry)
    if (authorization.kind === 'code') byState.set(authorization.state, entry)
    else follow(entry, authorization.outcome)
    forgetOldest(byId, byState)
    return entry
  }

  const started = (profile: string, wanted: Wanted, wish: Wish) =>
    starts.start(profile, wanted, wish, (authorization, release) => enter(profile, wanted, wish, authorization, release))

  const limit = (entry: () => Entry) =>
    clock.after(parts.limitSeconds * 1000, () => {
      governor.unanswered(entry().signIn.profile)
      abandon(entry(), new HallpassError('sign-in-expired'))
    })

  const open = async (entry: Entry) => {
    entry.opened = true
    const { profile, link, device } = entry.signIn
    const prompt = device && { userCode: device.userCode, verificationUri: device.verificationUri }
    try {
      // Neither the authorization URL nor the sign-in's ID: with its state, or its code, another user could sign in in this person's place.
      const url = parts.openingLinkOf(openings.make(entry))
      const opened = await parts.openBrowser(url, new URL(link).origin, parts.identities.get(profile)?.browser)
      tell({ event: 'sign-in-started', profile, link, opened, ...prompt })
    } catch (error) {
      tell({ event: 'browser-failed', profile, link })
      if (!(error instanceof Error)) throw error
    }
  }

  /** Takes the token that a person brought, or the reason why there is none. */
  const follow = async (entry: Entry, outcome: Promise<Bearer>): Promise<void> => {
    const { signIn, wanted, claims } = entry
    try {
      const bearer = await outcome
      if (signIn.state !== 'pending') return
      entry.arriving = true
      await parts.signedIn(signIn.profile, wanted, bearer, claims)
      end(entry)
    } catch (thrown) {
      const error = asHallpassError(thrown)
      if (signIn.state === 'pending') note(governor, signIn.profile, error)
      end(entry, error)
    }
  }

  const cancel: SignIns['cancel'] = (profile, reason = new HallpassError('sign-in-cancelled')) => {
    const entry = pending.get(profile)
    if (entry) abandon(entry, reason)
    return starts.doom(profile, reason) || entry !== undefined
  }

  return {
    start: async (profile, wanted, { open: opening, returnTo, ...wish }) => {
      const entry = pending.get(profile) ?? (await started(profile, wanted, wish))
      if (entry.signIn.state !== 'pending') return entry.signIn
      if (returnTo !== undefined) entry.signIn.returnTo = returnTo
      if (opening === 'again') await open(entry)
      else if (opening === 'once' && !entry.opened && governor.mayOpen(profile)) {
        governor.asked(profile)
        await open(entry)
      }
      return entry.signIn
    },
    complete: async response => {
      const entry = byState.get(response.state)
      if (!entry) return undefined
      const { authorization } = entry
      if (entry.signIn.state === 'pending' && authorization.kind === 'code') {
        entry.arriving = true
        entry.redeeming ??= follow(entry, authorization.redeem(response))
      }
      await entry.redeeming
      return entry.signIn
    },
    find: id => byId.get(id)?.signIn,
    followOpening: secret => {
      const followed = openings.follow(secret)
      if (!followed) return undefined
      const { target: entry, used } = followed
      const { signIn } = entry
      if (used && signIn.state === 'pending') {
        governor.declined(signIn.profile)
        abandon(entry, new HallpassError('sign-in-link-used'))
      }
      return { signIn, used }
    },
    pendingOf: profile => pending.get(profile)?.signIn,
    acknowledge: profile => {
      governor.acknowledged(profile)
      parts.begin.again(profile)
    },
    seen: profile => {
      governor.seen(profile)
      parts.begin.again(profile)
    },
    decline: profile => {
      governor.declined(profile)
      cancel(profile)
    },
    cancel,
    close: reason => {
      starts.close(reason)
      // Whoever has just signed in stays so: the next configuration, or run, has them from the same vault.
      for (const entry of [...pending.values()]) end(entry, reason)
    },
  }
}

/** A code that nobody typed in is no answer; every other end has somebody behind it. */
function note(governor: Governor, profile: string, { code }: HallpassError): void {
  if (code === 'sign-in-expired') governor.unanswered(profile)
  else governor.declined(profile)
}
