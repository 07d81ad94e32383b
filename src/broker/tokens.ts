// Tokens for routes: at hand, by a silent renewal shared by all who wait, or after a person has signed in.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Wanted } from '../identity/identity.ts'
import type { Bearer } from '../terms/bearer.ts'
import type { Clock } from '../terms/edges.ts'
import type { Route } from '../terms/route.ts'
import type { AskPerson } from './ask-person.ts'
import { type BackOff, withRetryAfter } from './back-off.ts'
import { type Flights, Superseded } from './flights.ts'
import type { RefreshAhead } from './refresh-ahead.ts'
import { believeRefusal } from './refusal.ts'
import { keyOf, noRefusal, type Slot, type Slots } from './slots.ts'
import { soon, unlessAborted } from './within.ts'

/**
 * What happens when only a person can go on: a browser opens and the call waits (`wait`), it rejects at once with the link of a
 * sign-in (`link`), or with the page that starts one (`none`).
 */
export type Asking = 'wait' | 'link' | 'none'

export type Acquiring = {
  asking: Asking
  signal: AbortSignal
  /** Milliseconds of life that the token should have left: it is renewed first when it has less and a new one could have more. */
  minimumLifeMs?: number
  /** The claims that the service's challenge demands (OpenID Connect Core 5.5), as JSON. */
  claims?: string | undefined
}

export type Tokens = {
  /** The route's token when it is at hand and has life left; the way that costs nothing. */
  peek(route: Route): Bearer | undefined
  /**
   * The route's token, whatever it takes. Rejects with sign-in-required, sign-in-wait-over, too-many-waiting, and whatever the sign-in
   * or Entra ends with; within a pause after failures at once, with Retry-After.
   */
  acquire(route: Route, how: Acquiring): Promise<Bearer>
  /**
   * The service refused this very token. True when asking for another makes sense: it was not the current one any more, or it is dropped
   * now. False when it replaced a refused one just now: then the service's own answer stands.
   */
  reject(route: Route, bearer: Bearer): boolean
  /** The profile's token without a person, if one can be had that way. Rejects as the identity does. */
  silently(profile: string): Promise<Bearer | undefined>
  /** Takes a token that a sign-in brought; those of whoever was signed in before are dropped. */
  put(profile: string, wanted: Wanted, bearer: Bearer, claims?: string): void
  /** Drops the profile's tokens. What is under way for it ends with the reason; without one, it starts again. */
  drop(profile: string, reason?: HallpassError): void
  /** How many requests wait for a person now, of one profile or of all. */
  waiting(profile?: string): number
}

export type TokenParts = {
  slots: Slots
  flights: Flights
  backOff: BackOff
  refreshAhead: RefreshAhead
  askPerson: AskPerson
  clock: Clock
  waitSeconds: number
}

/** Milliseconds that a request puts up with: of a pause after a failure, and of a renewal while the token still lives. */
const patience = 2_000
/** What a renewal can give at least, as part of a token's whole life. */
const reachable = 0.9

export function createTokens(parts: TokenParts): Tokens {
  const { slots, flights, backOff, refreshAhead, askPerson, clock } = parts

  const atHand = (slot: Slot, minimumLifeMs = 0): Bearer | undefined => {
    const { bearer, life, urgentAt } = slot
    const now = clock.now()
    if (!bearer || now >= urgentAt) return undefined
    const wanted = life === undefined ? minimumLifeMs : Math.min(minimumLifeMs, life * reachable)
    return bearer.lifeLeft(now) >= wanted ? bearer : undefined
  }

  /** Another token without a person; the one at hand, as long as it lives, when that fails or takes long. */
  const renew = async (slot: Slot, claims: string | undefined, signal: AbortSignal): Promise<Bearer | undefined> => {
    const alive = () => (claims === undefined ? slots.alive(slot) : undefined)
    const pause = backOff.now(slot.key)
    if (pause && alive()) return alive()
    if (pause && !pause.error) return undefined
    if (pause?.error && pause.until - clock.now() > patience) throw withRetryAfter(pause.error, pause.until, clock.now())
    try {
      const flight = unlessAborted(flights.join(slot, claims), signal)
      return (await (alive() ? soon(flight, patience, clock) : flight)) ?? alive()
    } catch (error) {
      if (signal.aborted || !(error instanceof HallpassError)) throw error
      const bearer = alive()
      if (bearer) return bearer
      const next = backOff.last(slot.key)
      // Once more after a moment: the network may just have woken up, the server just have hiccuped.
      if (next?.failures === 1 && isPassing(error)) return renew(slot, claims, signal)
      throw next?.error ? withRetryAfter(error, next.until, clock.now()) : error
    }
  }

  const withoutPerson = async (slot: Slot, { claims, minimumLifeMs, signal }: Omit<Acquiring, 'asking'>): Promise<Bearer | undefined> => {
    // Others may have had the same challenge: what came of theirs is good for this one too. A service that always wants something else gets nothing new.
    const good = claims === undefined || slot.claims === claims || !believeRefusal(slot, clock.now(), claims)
    return (good ? atHand(slot, minimumLifeMs) : undefined) ?? renew(slot, claims, signal)
  }

  const acquire = async (slot: Slot, how: Acquiring): Promise<Bearer> => {
    const { asking, claims, signal } = how
    slot.usedAt = clock.now()
    const bearer = await withoutPerson(slot, how)
    if (bearer) return bearer
    if (asking !== 'wait' || parts.waitSeconds === 0) return askPerson.refuse(slot, asking === 'none' ? 'page' : 'link', claims)
    // Twice: the sign-in that was under way may have been for another resource, to which nobody has consented yet.
    for (let round = 0; round < 2; round++) {
      await askPerson.wait(slot, claims, signal)
      const brought = await withoutPerson(slot, how)
      if (brought) return brought
    }
    return askPerson.refuse(slot, 'link', claims)
  }

  return {
    peek: route => {
      const slot = slots.of(route)
      const bearer = atHand(slot)
      if (!bearer) return undefined
      slot.usedAt = clock.now()
      refreshAhead.arm()
      if (slot.usedAt >= slot.refreshAt) refreshAhead.check(slot)
      return bearer
    },
    acquire: async (route, how) => {
      const bearer = await again(() => acquire(slots.of(route), how))
      refreshAhead.arm()
      return bearer
    },
    reject: (route, bearer) => {
      const slot = slots.of(route)
      if (slot.bearer !== bearer) return true
      if (!believeRefusal(slot, clock.now())) return false
      slot.bearer = undefined
      slot.stale = true
      return true
    },
    silently: async profile => {
      const [slot] = slots.ofProfile(profile)
      return slot && again(() => withoutPerson(slot, { signal: new AbortController().signal }))
    },
    put: (profile, wanted, bearer, claims) => {
      forget(parts, profile)
      for (const slot of slots.ofProfile(profile))
        if (slot.key === keyOf(profile, wanted)) slots.keep(slot, bearer, { renewed: true, claims })
      flights.abandon(profile)
    },
    drop: (profile, reason) => {
      forget(parts, profile)
      for (const slot of slots.ofProfile(profile)) slot.refusal = noRefusal
      flights.abandon(profile, reason)
    },
    waiting: askPerson.waiting,
  }
}

function isPassing({ code }: HallpassError): boolean {
  return code === 'entra-unreachable' || code === 'entra-unclear'
}

function forget({ slots, backOff }: TokenParts, profile: string): void {
  for (const slot of slots.ofProfile(profile)) {
    slots.empty(slot)
    backOff.clear(slot.key)
  }
}

/** Runs it again when other tokens have come meanwhile, a few times. */
async function again<T>(run: () => Promise<T>): Promise<T> {
  for (let round = 1; ; round++) {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof Superseded) || round === 3) throw error
    }
  }
}
