// Spreads what many would otherwise do at the same moment.
import type { Random } from '../terms/edges.ts'

/** A number from `low` up to `high`, by chance. */
export function between(low: number, high: number, random: Random): number {
  return low + (high - low) * (Buffer.from(random(4), 'base64url').readUInt32BE(0) / 2 ** 32)
}
