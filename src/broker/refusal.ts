// A service that refuses every token must not make us ask for new ones without end.
import type { Slot } from './slots.ts'

const quiet = { first: 60_000, longest: 3_600_000 }

/**
 * Whether the refusal of the current token is believed, which costs it. The replacement of a refused token is kept for a minute even
 * when it is refused too, then for two, and so on up to an hour.
 */
export function believeRefusal(slot: Slot, now: number): boolean {
  const { strikes, quietUntil } = slot.refusal
  if (now < quietUntil) return false
  const past = now - quietUntil > quiet.longest ? 0 : strikes
  slot.refusal = { strikes: past + 1, quietUntil: now + Math.min(quiet.first * 2 ** past, quiet.longest) }
  return true
}
