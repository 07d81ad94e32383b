// Silent acquisitions: one at a time for each token, shared by all who wait, paused after failures, abandoned when nobody is signed in any more.
import { asHallpassError, type HallpassError } from '../errors/hallpass-error.ts'
import type { Identity } from '../identity/identity.ts'
import type { Tell } from '../journal/events.ts'
import type { Bearer } from '../terms/bearer.ts'
import type { Clock } from '../terms/edges.ts'
import type { BackOff } from './back-off.ts'
import type { Slot, Slots } from './slots.ts'
import { unlessAborted } from './within.ts'

/** Ends the waiting of those who joined when other tokens have come meanwhile: they look again. */
export class Superseded extends Error {}

export type Flights = {
  /**
   * The end of the acquisition for this token (with these claims), started when none is under way; a pause after failures is waited for first.
   * Undefined when only a person can go on. Rejects with the identity's error, Superseded, or the reason of `abandon`.
   */
  join(slot: Slot, claims?: string): Promise<Bearer | undefined>
  underWay(slot: Slot): boolean
  /** Ends the profile's acquisitions at once; what they bring later is dropped. */
  abandon(profile: string, reason?: HallpassError): void
}

export type FlightParts = { identities: ReadonlyMap<string, Identity>; clock: Clock; tell: Tell; slots: Slots; backOff: BackOff }

type Flight = { slot: Slot; end: Promise<Bearer | undefined>; abandoned: AbortController }

export function createFlights(parts: FlightParts): Flights {
  const { identities, clock, slots, backOff } = parts
  const flights = new Map<string, Flight>()

  const attempt = async (slot: Slot, claims: string | undefined): Promise<Bearer | undefined> => {
    const pause = backOff.now(slot.key)
    if (pause?.error) await until(pause.until, clock)
    return identities.get(slot.profile)?.silently(slot.wanted, { renew: isRenewal(slot), ...(claims !== undefined && { claims }) })
  }

  const arrived = (slot: Slot, claims: string | undefined, bearer: Bearer | undefined) => {
    if (bearer) {
      slots.keep(slot, bearer, { renewed: isRenewal(slot) || claims !== undefined, claims })
      backOff.clear(slot.key)
    } else if (claims === undefined) {
      backOff.failed(slot.key, undefined)
    }
  }

  const failed = (slot: Slot, error: HallpassError) => {
    const { failures } = backOff.failed(slot.key, error)
    if (failures > 1 || !slots.alive(slot)) return
    const { profile, wanted } = slot
    const { code, summary, remedy } = error
    parts.tell({ event: 'refresh-failed', profile, audience: wanted.audience, code, summary, remedy })
  }

  const fly = async (key: string, slot: Slot, claims: string | undefined, { signal }: AbortController) => {
    const land = () => !signal.aborted && flights.delete(key)
    try {
      const bearer = await attempt(slot, claims)
      if (land()) arrived(slot, claims, bearer)
      return bearer
    } catch (thrown) {
      const error = asHallpassError(thrown)
      if (land()) failed(slot, error)
      throw error
    }
  }

  const start = (key: string, slot: Slot, claims: string | undefined): Flight => {
    const abandoned = new AbortController()
    const flight = { slot, abandoned, end: unlessAborted(fly(key, slot, claims, abandoned), abandoned.signal) }
    // Nobody may be waiting for a renewal ahead when it fails; that is no unhandled rejection.
    flight.end.catch(() => undefined)
    flights.set(key, flight)
    return flight
  }

  return {
    join: (slot, claims) => {
      const key = JSON.stringify([slot.key, claims ?? null])
      return (flights.get(key) ?? start(key, slot, claims)).end
    },
    underWay: slot => [...flights.values()].some(flight => flight.slot === slot),
    abandon: (profile, reason) => {
      for (const [key, { slot, abandoned }] of flights) {
        if (slot.profile !== profile) continue
        flights.delete(key)
        abandoned.abort(reason ?? new Superseded())
      }
    },
  }
}

/** Whether the identity must ask the server rather than give what its cache holds. */
function isRenewal({ stale, bearer }: Slot): boolean {
  return stale || bearer !== undefined
}

function until(time: number, clock: Clock): Promise<void> {
  return new Promise(resolve => {
    clock.after(Math.max(0, time - clock.now()), resolve)
  })
}
