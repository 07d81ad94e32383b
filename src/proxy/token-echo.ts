// Withholds an answer in which the service sends our own token back: whoever may read the answer could use it elsewhere.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Bearer } from '../terms/bearer.ts'
import type { AnswerStep, BodyWatch } from './steps.ts'

/** Bytes of a body in which the token is looked for. Echoes stand in an error's text or a diagnostic page, not deep in a picture. */
const window = 64 * 1024

/**
 * Refuses an answer with the live token in a field, or beginning in the first 64 KiB of its body as it comes: compressed or otherwise encoded
 * copies are not seen. A body is held back only while its last bytes may be the beginning of the token.
 */
export const refuseTokenEcho: AnswerStep = (answer, { bearer, route }) => {
  if (!bearer) return
  const text = bearer.reveal()
  // A value alone: names are tokens of HTTP, and the fields that we add are ours.
  if (answer.fields.some(part => part.length >= text.length && part.includes(text))) throw tokenEcho(route.prefix)
  if (answer.hasBody) answer.watches.push(new TokenWatch(needleOf(bearer), route.prefix))
}

/** `lead` is how the token begins: looked for first, for a single byte of it stands everywhere. */
type Needle = { token: Buffer; lead: Buffer }

const leadLength = 8

class TokenWatch implements BodyWatch {
  readonly #needle: Needle
  readonly #prefix: string
  #left = window
  /** The end of what came so far, as far as it may be the beginning of the token. */
  #begun: Buffer | undefined

  constructor(needle: Needle, prefix: string) {
    this.#needle = needle
    this.#prefix = prefix
  }

  see(chunk: Buffer): boolean {
    if (this.#left <= 0 && !this.#begun) return true
    const bytes = this.#begun ? Buffer.concat([this.#begun, chunk]) : chunk
    const begun = find(bytes, this.#needle)
    if (begun === 'whole') throw tokenEcho(this.#prefix)
    this.#left -= chunk.length
    this.#begun = begun === 0 || begun <= -this.#left ? undefined : bytes.subarray(bytes.length - begun)
    return this.#begun === undefined
  }
}

/** Whether the token stands in the bytes; else the number of bytes at their end that may be its beginning. */
function find(bytes: Buffer, { token, lead }: Needle): 'whole' | number {
  for (let at = bytes.indexOf(lead); at !== -1; at = bytes.indexOf(lead, at + 1)) {
    const length = Math.min(token.length, bytes.length - at)
    if (token.compare(bytes, at, at + length, 0, length) === 0) return length === token.length ? 'whole' : length
  }
  for (let length = Math.min(lead.length - 1, bytes.length); length > 0; length--) if (endsWith(bytes, lead, length)) return length
  return 0
}

function endsWith(bytes: Buffer, lead: Buffer, length: number): boolean {
  const start = bytes.length - length
  for (let index = 0; index < length; index++) if (bytes[start + index] !== lead[index]) return false
  return true
}

const known = new WeakMap<Bearer, Needle>()

/** The token's bytes, made once for all the exchanges that it serves. */
function needleOf(bearer: Bearer): Needle {
  const earlier = known.get(bearer)
  if (earlier) return earlier
  const token = Buffer.from(bearer.reveal(), 'latin1')
  const needle = { token, lead: token.subarray(0, leadLength) }
  known.set(bearer, needle)
  return needle
}

function tokenEcho(prefix: string): HallpassError {
  return new HallpassError('token-echo', { prefix })
}
