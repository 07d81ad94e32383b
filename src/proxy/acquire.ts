// Gets the token for an exchange: at once when it is at hand, else after a refresh or a sign-in, the body unread.
import type { Acquiring, Asking } from '../broker/tokens.ts'
import type { Bearer } from '../terms/bearer.ts'
import { smallBody } from './connection-fields.ts'
import type { Exchange } from './exchange.ts'

/** Calls `then` with the exchange once it has its token; fails the exchange when there is none. Never calls it after the client has gone. */
export function acquire(exchange: Exchange, then: (exchange: Exchange) => void): void {
  const { parts, route } = exchange
  const minimum = minimumLifeMs(exchange)
  const bearer = parts.broker.tokens.peek(route)
  if (bearer && (minimum === 0 || bearer.lifeLeft(parts.clock.now()) >= minimum)) {
    exchange.bearer = bearer
    then(exchange)
  } else wait(exchange, minimum, then)
}

async function wait(exchange: Exchange, minimum: number, then: (exchange: Exchange) => void): Promise<void> {
  try {
    const bearer = await waitForToken(exchange, minimum === 0 ? {} : { minimumLifeMs: minimum })
    if (exchange.over) return
    exchange.bearer = bearer
    exchange.tokenAt = performance.now()
    then(exchange)
  } catch (error) {
    exchange.fail(error)
  }
}

/** The route's token, whatever it takes; rejects as the broker does, and when the client leaves. */
export async function waitForToken(exchange: Exchange, more: Pick<Acquiring, 'claims' | 'minimumLifeMs'>): Promise<Bearer> {
  const gone = new AbortController()
  exchange.waiting = gone
  try {
    return await exchange.parts.broker.tokens.acquire(exchange.route, { asking: askingOf(exchange), signal: gone.signal, ...more })
  } finally {
    exchange.waiting = undefined
  }
}

const minute = 60_000
/** Bytes in a millisecond, by which the time of an upload is guessed: 1 MB/s. */
const pace = 1_000

/**
 * Milliseconds of life that the token should have before a body begins that could not be sent a second time: five minutes and as long as the
 * body takes, at most 45 minutes; 30 when nobody knows how long it is. Small ones are kept, and need nothing.
 */
export function minimumLifeMs({ upload, request }: Pick<Exchange, 'upload' | 'request'>): number {
  if (!upload) return 0
  const length = request.headers['content-length']
  if (length === undefined) return 30 * minute
  return Number(length) <= smallBody ? 0 : Math.min(5 * minute + Number(length) / pace, 45 * minute)
}

function askingOf({ caller, parts, request }: Exchange): Asking {
  if (caller.navigating) return 'none'
  return parts.interactive && !declines(request.headers) ? 'wait' : 'link'
}

/** A caller that would rather fail at once than wait for a person says `Hallpass-Interactive: never`. */
function declines(headers: Exchange['request']['headers']): boolean {
  return headers['hallpass-interactive'] === 'never'
}
