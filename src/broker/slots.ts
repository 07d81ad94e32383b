// The last good token of each profile for each resource: our own table, because MSAL's cached token can fail with the network.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Wanted } from '../identity/identity.ts'
import type { Bearer } from '../terms/bearer.ts'
import type { Clock, Random } from '../terms/edges.ts'
import type { Route } from '../terms/route.ts'
import { between } from './jitter.ts'

/** One profile's token for one resource; routes that want the same share it. Times are milliseconds since the epoch. */
export type Slot = {
  readonly profile: string
  readonly wanted: Wanted
  readonly key: string
  bearer: Bearer | undefined
  /** Milliseconds that a token lives when it comes from the server; undefined while all we had came from a cache. */
  life: number | undefined
  /** When it is renewed ahead of its end. */
  refreshAt: number
  /** From here on nobody is served before a renewal was tried. */
  urgentAt: number
  usedAt: number
  /** What the identity's own cache holds is no longer wanted. */
  stale: boolean
  /** The claims (as JSON) with which the token was asked for. */
  claims: string | undefined
  refusal: Refusal
}

/** How often the service refused a token that we took for good, until when that is not believed again, and the claims that it demanded last. */
type Refusal = { strikes: number; quietUntil: number; claims: string | undefined }

export type Slots = {
  of(route: Route): Slot
  all(): readonly Slot[]
  ofProfile(profile: string): Slot[]
  /** Takes a token that has just come. */
  keep(slot: Slot, bearer: Bearer, origin: { renewed: boolean; claims?: string | undefined }): void
  /** The token as long as it lives. */
  alive(slot: Slot): Bearer | undefined
  /** Forgets the token and all that is known of it, but for what the service makes of our tokens. */
  empty(slot: Slot): void
}

/** A token is renewed after this part of its life, somewhere between the two. */
const ahead = { from: 0.75, to: 0.85 }
/** The last part of a token's life, at most this many milliseconds: it might end on its way. */
const urgent = { part: 0.1, most: 60_000 }
/** Milliseconds between two renewals ahead, whatever clock or server say. */
const leastAhead = 5_000

export function createSlots(routes: readonly Route[], { clock, random }: { clock: Clock; random: Random }): Slots {
  const byRoute = slotsOf(routes)
  const slots = [...new Set(byRoute.values())]
  return {
    of: route => {
      const slot = byRoute.get(route)
      if (!slot) throw new HallpassError('internal', { what: 'a token for an unknown route' })
      return slot
    },
    all: () => slots,
    ofProfile: profile => slots.filter(slot => slot.profile === profile),
    keep: (slot, bearer, { renewed, claims }) => {
      const now = clock.now()
      const left = bearer.lifeLeft(now)
      slot.bearer = bearer
      if (renewed) slot.life = left
      slot.refreshAt = now + Math.max(left * between(ahead.from, ahead.to, random), leastAhead)
      slot.urgentAt = bearer.expiresAt - Math.max(0, Math.min(left * urgent.part, urgent.most))
      slot.stale = false
      slot.claims = claims
    },
    alive: ({ bearer }) => (bearer && bearer.lifeLeft(clock.now()) > 0 ? bearer : undefined),
    empty: slot => void Object.assign(slot, nothing),
  }
}

const nothing = {
  bearer: undefined,
  life: undefined,
  refreshAt: Number.POSITIVE_INFINITY,
  urgentAt: Number.NEGATIVE_INFINITY,
  stale: false,
  claims: undefined,
} as const

/** Before the service has refused anything. */
export const noRefusal: Refusal = { strikes: 0, quietUntil: Number.NEGATIVE_INFINITY, claims: undefined }

function slotsOf(routes: readonly Route[]): Map<Route, Slot> {
  const byKey = new Map<string, Slot>()
  return new Map(
    routes.map(route => {
      const wanted = { audience: route.audience, scopes: route.scopes }
      const key = keyOf(route.profile, wanted)
      const slot = byKey.get(key) ?? {
        profile: route.profile,
        wanted,
        key,
        usedAt: Number.NEGATIVE_INFINITY,
        refusal: noRefusal,
        ...nothing,
      }
      byKey.set(key, slot)
      return [route, slot]
    }),
  )
}

export function keyOf(profile: string, { audience, scopes }: Wanted): string {
  return JSON.stringify([profile, audience, scopes])
}
