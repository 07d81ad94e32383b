// A service that refuses every token must not make us ask for new ones, or a person, without end.
import type { Slot } from './slots.ts'

const quiet = { first: 60_000, longest: 3_600_000 }

/**
 * Whether the refusal of the current token is believed, which costs it. The replacement of a refused token is kept for a minute even
 * when it is refused too, then for two, and so on up to an hour. Claims that are demanded (as JSON) are met for all who bring the same.
 */
export function believeRefusal(slot: Slot, now: number, claims?: string): boolean {
  const { strikes, quietUntil, claims: before } = slot.refusal
  if (claims !== undefined && claims === before) return true
  if (now < quietUntil) return false
  const past = now - quietUntil > quiet.longest ? 0 : strikes
  slot.refusal = { strikes: past + 1, quietUntil: now + Math.min(quiet.first * 2 ** past, quiet.longest), claims }
  return true
}
