// Tokens for routes: at hand, by a silent refresh shared by all who wait, or after a person has signed in.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Identity, Wanted } from '../identity/identity.ts'
import type { Tell } from '../journal/events.ts'
import type { Bearer } from '../terms/bearer.ts'
import type { Clock } from '../terms/edges.ts'
import type { Route } from '../terms/route.ts'
import { once, type SignIns } from './sign-ins.ts'

/**
 * What happens when only a person can go on: a browser opens and the call waits (`wait`), it rejects at once with the link of a
 * sign-in (`link`), or with the page that starts one (`none`).
 */
export type Asking = 'wait' | 'link' | 'none'

export type Tokens = {
  /** The route's token when it is at hand and has life left; the way that costs nothing. */
  peek(route: Route): Bearer | undefined
  /**
   * The route's token, whatever it takes. Rejects with sign-in-required, sign-in-wait-over, too-many-waiting, and whatever the sign-in
   * or Entra ends with.
   */
  acquire(route: Route, how: { asking: Asking; signal: AbortSignal }): Promise<Bearer>
  /** Takes a token that a sign-in brought; those of whoever was signed in before are dropped. */
  put(profile: string, wanted: Wanted, bearer: Bearer): void
  /** Drops the profile's tokens; what is under way for it no longer counts. */
  drop(profile: string): void
  /** How many requests wait for a person now. */
  waiting(): number
}

export type TokenParts = {
  routes: readonly Route[]
  identities: ReadonlyMap<string, Identity>
  signIns: SignIns
  clock: Clock
  tell: Tell
  waitSeconds: number
  maxWaiting: number
  /** The page with a sign-in button. */
  signInPage: () => string
}

/** A token with less life than this (milliseconds) is refreshed before it is used; MSAL holds it for expired as well. */
const margin = 300_000

/** One profile's token for one resource; routes that want the same share it. */
type Slot = { profile: string; wanted: Wanted; key: string; bearer: Bearer | undefined; generation: number }

export function createTokens(parts: TokenParts): Tokens {
  const { clock, identities, signIns } = parts
  const slots = slotsOf(parts.routes)
  const slotOf = (route: Route): Slot => {
    const slot = slots.get(route)
    if (!slot) throw new HallpassError('internal', { what: 'a token for an unknown route' })
    return slot
  }
  const refreshing = new Map<string, Promise<Bearer | undefined>>()
  let waiting = 0

  const fresh = ({ bearer }: Slot) => (bearer && bearer.lifeLeft(clock.now()) > margin ? bearer : undefined)

  const alive = ({ bearer }: Slot) => (bearer && bearer.lifeLeft(clock.now()) > 0 ? bearer : undefined)

  const refresh = async (slot: Slot): Promise<Bearer | undefined> => {
    const { generation } = slot
    const bearer = await identities.get(slot.profile)?.silently(slot.wanted)
    if (slot.generation !== generation) return undefined
    // A grant that has ended does not end the token that it brought: nobody is asked before they must be.
    slot.bearer = bearer ?? alive(slot)
    return slot.bearer
  }

  const silently = async (slot: Slot): Promise<Bearer | undefined> => {
    try {
      return await once(refreshing, slot.key, () => refresh(slot))
    } catch (error) {
      const { profile, wanted } = slot
      const bearer = alive(slot)
      if (!(error instanceof HallpassError) || !bearer) throw error
      parts.tell({
        event: 'refresh-failed',
        profile,
        audience: wanted.audience,
        code: error.code,
        summary: error.summary,
        remedy: error.remedy,
      })
      return bearer
    }
  }

  const waitForPerson = async (slot: Slot, signal: AbortSignal): Promise<void> => {
    const { profile } = slot
    if (waiting >= parts.maxWaiting)
      throw new HallpassError('too-many-waiting', { limit: parts.maxWaiting }, { fields: { 'Retry-After': '10' } })
    waiting++
    try {
      const signIn = await signIns.start(profile, slot.wanted, { open: 'once' })
      const over = () =>
        new HallpassError(
          'sign-in-wait-over',
          { profile, seconds: parts.waitSeconds, link: signIn.link },
          { fields: { 'Retry-After': '10' } },
        )
      await within(signIn.outcome, parts.waitSeconds * 1000, clock, signal, over)
    } finally {
      waiting--
    }
  }

  const askForPerson = async (slot: Slot, asking: Asking): Promise<never> => {
    const { profile } = slot
    const link = asking === 'none' ? parts.signInPage() : (await signIns.start(profile, slot.wanted, { open: 'never' })).link
    throw new HallpassError(
      'sign-in-required',
      { profile, link },
      { fields: { 'WWW-Authenticate': `Bearer realm="hallpass", sign_in_uri="${link}"` } },
    )
  }

  return {
    peek: route => fresh(slotOf(route)),
    acquire: async (route, { asking, signal }) => {
      const slot = slotOf(route)
      const atHand = fresh(slot) ?? (await silently(slot))
      if (atHand) return atHand
      if (asking !== 'wait' || parts.waitSeconds === 0) return askForPerson(slot, asking)
      // Twice: the sign-in that was under way may have been for another resource, to which nobody has consented yet.
      for (let round = 0; round < 2; round++) {
        await waitForPerson(slot, signal)
        const bearer = fresh(slot) ?? (await silently(slot))
        if (bearer) return bearer
      }
      return askForPerson(slot, 'link')
    },
    put: (profile, wanted, bearer) => {
      drop(slots, profile)
      for (const slot of slots.values()) if (slot.key === keyOf(profile, wanted)) slot.bearer = bearer
    },
    drop: profile => drop(slots, profile),
    waiting: () => waiting,
  }
}

function slotsOf(routes: readonly Route[]): Map<Route, Slot> {
  const byKey = new Map<string, Slot>()
  return new Map(
    routes.map(route => {
      const wanted = { audience: route.audience, scopes: route.scopes }
      const key = keyOf(route.profile, wanted)
      const slot = byKey.get(key) ?? { profile: route.profile, wanted, key, bearer: undefined, generation: 0 }
      byKey.set(key, slot)
      return [route, slot]
    }),
  )
}

function keyOf(profile: string, { audience, scopes }: Wanted): string {
  return JSON.stringify([profile, audience, scopes])
}

function drop(slots: ReadonlyMap<Route, Slot>, profile: string): void {
  for (const slot of new Set(slots.values())) {
    if (slot.profile !== profile) continue
    slot.bearer = undefined
    slot.generation++
  }
}

/** The promise's end, unless the time is over (rejects with `late()`) or the signal aborts (rejects with its reason) before. */
function within(promise: Promise<void>, ms: number, clock: Clock, signal: AbortSignal, late: () => HallpassError): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    const timer = clock.after(ms, () => reject(late()))
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    promise.then(resolve, reject).finally(() => {
      timer.cancel()
      signal.removeEventListener('abort', abort)
    })
  })
}
