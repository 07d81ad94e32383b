// The exchanges that are not over, so that a sign-out can end those of its profile.
import type { HallpassError } from '../errors/hallpass-error.ts'
import type { Exchange } from './exchange.ts'

export type LiveExchanges = {
  /** Keeps it until `remove`. */
  add(exchange: Exchange): void
  remove(exchange: Exchange): void
  /** Fails those of the profile: with an answer of ours, or by cutting the one that has begun. */
  end(profile: string, reason: HallpassError): void
}

/**
 * An array in which each exchange knows its place. A Map or Set makes a new table for every few exchanges, each old one leading to the next: once
 * one of them is in V8's old generation, they and all that they ever held outlive every scavenge.
 */
export function createLiveExchanges(): LiveExchanges {
  const live: Exchange[] = []
  return {
    add: exchange => {
      exchange.place = live.push(exchange) - 1
    },
    remove: exchange => {
      if (live[exchange.place] !== exchange) return
      const last = live.pop()
      if (!last || last === exchange) return
      live[exchange.place] = last
      last.place = exchange.place
    },
    end: (profile, reason) => {
      for (const exchange of live.slice()) if (exchange.route.profile === profile) exchange.fail(reason)
    },
  }
}
