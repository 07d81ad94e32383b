// Grants that the authorization server has ended: it is not asked again at once, and what it demands of the next sign-in is kept for that.
import { usableClaims } from './claims.ts'
import type { IdentityParts } from './client-application.ts'
import type { Refusal } from './evidence.ts'
import { describeRefusal, wordsOf } from './failure.ts'
import type { Wanted } from './identity.ts'

export type EndedGrants = {
  /** Notes the end, tells it, and keeps the claims that it came with. */
  note(refusal: Refusal, wanted: Wanted): void
  /** True for a while after an end: Entra takes a client that asks again and again for one in a loop, and refuses it altogether. */
  lately(wanted: Wanted): boolean
  /** The claims, as JSON, that the next sign-in has to ask for. */
  claimsFor(wanted: Wanted): string | undefined
  clear(): void
}

/** Milliseconds. A policy may look at the network that one is on: after that it is worth a question. */
const quiet = 30_000

export function endedGrants({ clock, explain, grantEnded }: Pick<IdentityParts, 'clock' | 'explain' | 'grantEnded'>): EndedGrants {
  const ends = new Map<string, { at: number; claims: string | undefined }>()
  return {
    note: (refusal, { audience }) => {
      ends.set(audience, { at: clock.now(), claims: usableClaims(refusal.claims) })
      grantEnded({ audience, ...describeRefusal(wordsOf(refusal), explain) })
    },
    lately: ({ audience }) => {
      const since = clock.now() - (ends.get(audience)?.at ?? Number.NEGATIVE_INFINITY)
      return since >= 0 && since < quiet
    },
    claimsFor: ({ audience }) => ends.get(audience)?.claims,
    clear: () => ends.clear(),
  }
}
