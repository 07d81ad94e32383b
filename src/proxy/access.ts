// Holds a request to the rule of its route, before any token is used and before anybody is asked to sign in.
import { HallpassError } from '../errors/hallpass-error.ts'
import { labelOf, permits } from '../terms/interaction.ts'
import type { Exchange } from './exchange.ts'

/** The refusal, with the rule and the name that would let the request pass; undefined when it passes. */
export function judgeAccess(exchange: Exchange): HallpassError | undefined {
  const { prefix, access } = exchange.route
  if (access === undefined || permits(access, exchange.interaction)) return undefined
  return new HallpassError('access-refused', { prefix, interaction: labelOf(exchange.interaction), allowed: access.join(', ') })
}
