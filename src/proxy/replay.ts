// Sends a request once more, with a new token, after the service refused the first (401): when every byte of it is still here, and never twice.
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'
import type { Bearer } from '../terms/bearer.ts'
import { type Challenge, parseChallenge } from '../terms/challenge.ts'
import { waitForToken } from './acquire.ts'
import type { Exchange } from './exchange.ts'
import type { Forwarding } from './forward.ts'

/** What can happen to a 401: `again` sends the request anew, `pass` gives it to the client as it is. */
export type Endings = { again: () => void; pass: () => void }

/**
 * True when the 401 is held back and one of the endings will be called; false when it is for the client at once. A token that the service
 * refused is dropped either way, so that the next request gets another.
 */
export function replays(exchange: Exchange, attempt: Forwarding, rawFields: readonly Buffer[], endings: Endings): boolean {
  const { bearer, route, parts, upload, sent } = exchange
  if (!bearer || sent > 1) return false
  const claims = claimsDemanded(rawFields)
  if (claims === undefined && !parts.broker.tokens.reject(route, bearer)) return false
  if (upload && !upload.replayable) {
    if (claims !== undefined) fetchForNext(exchange, claims)
    return false
  }
  upload?.hold()
  attempt.hold()
  decide(exchange, attempt, claims, endings)
  return true
}

async function decide(exchange: Exchange, attempt: Forwarding, claims: string | undefined, { again, pass }: Endings): Promise<void> {
  try {
    const before = exchange.bearer
    const bearer = await newToken(exchange, claims)
    if (exchange.over) return
    if (bearer && bearer.reveal() !== before?.reveal()) {
      exchange.bearer = bearer
      attempt.abort()
      return again()
    }
    exchange.upload?.release()
    attempt.release()
    // The origin may have broken off meanwhile: then this attempt has ended the exchange.
    if (!exchange.over) pass()
  } catch (error) {
    exchange.fail(error)
  }
}

/** Another token, or undefined when there is none to be had: the service's own answer then says more than ours would. */
async function newToken(exchange: Exchange, claims: string | undefined): Promise<Bearer | undefined> {
  try {
    return await waitForToken(exchange, claims === undefined ? {} : { claims })
  } catch (error) {
    if (error instanceof HallpassError) return undefined
    throw error
  }
}

/** This request cannot be sent again, but the next one shall not meet the same challenge. */
function fetchForNext(exchange: Exchange, claims: string): void {
  const { clock, tell } = exchange.parts
  const gone = new AbortController()
  const timer = clock.after(120_000, () => gone.abort(new HallpassError('internal', { what: 'nobody answered a claims challenge' })))
  exchange.parts.broker.tokens
    .acquire(exchange.route, { asking: 'link', claims, signal: gone.signal })
    .catch((thrown: unknown) => {
      const { code, summary, remedy } = asHallpassError(thrown)
      tell({ event: 'refresh-failed', profile: exchange.route.profile, audience: exchange.route.audience, code, summary, remedy })
    })
    .finally(() => timer.cancel())
}

/** The claims of a claims challenge (error `insufficient_claims`), as JSON. */
function claimsDemanded(rawFields: readonly Buffer[]): string | undefined {
  const challenge = challengeIn(rawFields)
  return challenge?.error === 'insufficient_claims' ? challenge.claims : undefined
}

function challengeIn(rawFields: readonly Buffer[]): Challenge | undefined {
  const values: string[] = []
  for (let index = 0; index + 1 < rawFields.length; index += 2)
    if (rawFields[index]?.toString('latin1').toLowerCase() === 'www-authenticate')
      values.push(rawFields[index + 1]?.toString('latin1') ?? '')
  return parseChallenge(values.join(', '))
}
