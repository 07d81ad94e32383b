// How a daemon proves to the command line that it is the user's own: it knows the key of this run, which lies where only the user reads.
import { createHmac, timingSafeEqual } from 'node:crypto'

/** `POST /challenge`: 32 random bytes as base64url. */
export type Challenge = { nonce: string }
export type ChallengeAnswer = { proof: string }

/** What the daemon answers to a nonce (HMAC-SHA-256, base64url). */
export function proofOf(key: string, nonce: string): string {
  return createHmac('sha256', key).update(`hallpass control 1\n${nonce}`).digest('base64url')
}

export function isProof(key: string, nonce: string, proof: unknown): boolean {
  const expected = Buffer.from(proofOf(key, nonce))
  const given = Buffer.from(typeof proof === 'string' ? proof : '')
  return given.length === expected.length && timingSafeEqual(given, expected)
}
