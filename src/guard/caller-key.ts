// The key that a caller shows where its user cannot be told: 32 random bytes in the field Hallpass-Key, made anew for each run.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { PeerCheck } from './peer-check.ts'

export type CallerKey = {
  /** The key itself, for the file that only its owner reads. */
  reveal(): string
  /** True when this is the key; takes the same time whatever was sent. */
  matches(sent: string | undefined): boolean
}

/** A key of this text. */
export function callerKey(text: string): CallerKey {
  const digest = digestOf(text)
  return { reveal: () => text, matches: sent => timingSafeEqual(digestOf(sent ?? ''), digest) }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/**
 * Whether requests need the key. `others` is how many other people can log in to this machine; where that is unknown, `auto` asks for none, and
 * the status says what remains open.
 */
export function needsKey(setting: 'auto' | 'off' | 'required', { state }: Pick<PeerCheck, 'state'>, others: number | undefined): boolean {
  if (setting !== 'auto') return setting === 'required'
  return state !== 'on' && (others ?? 0) > 0
}
