// The exchanges whose response is still open, so that a sign-out can end those of its profile.
import type { ServerResponse } from 'node:http'
import type { HallpassError } from '../errors/hallpass-error.ts'
import type { Exchange } from './exchange.ts'

export type LiveExchanges = {
  /** Keeps it until its response has closed. */
  add(exchange: Exchange): void
  /** Fails those of the profile: with an answer of ours, or by cutting the one that has begun. */
  end(profile: string, reason: HallpassError): void
}

export function createLiveExchanges(): LiveExchanges {
  const live = new Map<ServerResponse, Exchange>()
  /** One listener for all responses: no closure is made for a request. */
  function closed(this: ServerResponse): void {
    live.delete(this)
  }
  return {
    add: exchange => {
      live.set(exchange.response, exchange)
      exchange.response.on('close', closed)
    },
    end: (profile, reason) => {
      for (const exchange of live.values()) if (exchange.route.profile === profile) exchange.fail(reason)
    },
  }
}
