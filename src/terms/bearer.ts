// An access token that cannot be printed by accident.
import { inspect } from 'node:util'

/** An access token (RFC 6750) with what is known about it. Its text leaves only through `reveal`. */
export class Bearer {
  readonly #text: string
  /** The resource that the token is for, as the route names it. */
  readonly audience: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number

  constructor(text: string, audience: string, expiresAt: number) {
    this.#text = text
    this.audience = audience
    this.expiresAt = expiresAt
  }

  /** The token itself, for the Authorization field and for the person who asked for it by name. */
  reveal(): string {
    return this.#text
  }

  /** Milliseconds of life left at `now` (milliseconds since the epoch); negative once expired. */
  lifeLeft(now: number): number {
    return this.expiresAt - now
  }

  toString(): string {
    return '[bearer]'
  }

  toJSON(): string {
    return '[bearer]'
  }

  [inspect.custom](): string {
    return '[bearer]'
  }
}
