// Gets the token for an exchange: at once when it is at hand, else after a refresh or a sign-in, the body unread.
import type { Asking } from '../broker/tokens.ts'
import type { Bearer } from '../terms/bearer.ts'
import type { Exchange } from './exchange.ts'

/** Calls `then` with the exchange once it has its token; fails the exchange when there is none. Never calls it after the client has gone. */
export function acquire(exchange: Exchange, then: (exchange: Exchange) => void): void {
  const bearer = exchange.parts.broker.tokens.peek(exchange.route)
  if (bearer) {
    exchange.bearer = bearer
    then(exchange)
  } else wait(exchange, then)
}

async function wait(exchange: Exchange, then: (exchange: Exchange) => void): Promise<void> {
  try {
    const bearer = await waitForToken(exchange)
    if (exchange.over) return
    exchange.bearer = bearer
    exchange.tokenAt = performance.now()
    then(exchange)
  } catch (error) {
    exchange.fail(error)
  }
}

/** The route's token, whatever it takes; rejects as the broker does, and when the client leaves. */
async function waitForToken(exchange: Exchange): Promise<Bearer> {
  const gone = new AbortController()
  exchange.waiting = gone
  try {
    return await exchange.parts.broker.tokens.acquire(exchange.route, { asking: askingOf(exchange), signal: gone.signal })
  } finally {
    exchange.waiting = undefined
  }
}

function askingOf({ caller, parts, request }: Exchange): Asking {
  if (caller.navigating) return 'none'
  return parts.interactive && !declines(request.headers) ? 'wait' : 'link'
}

/** A caller that would rather fail at once than wait for a person says `Hallpass-Interactive: never`. */
function declines(headers: Exchange['request']['headers']): boolean {
  return headers['hallpass-interactive'] === 'never'
}
