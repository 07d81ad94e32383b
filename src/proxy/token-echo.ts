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
  if (answer.hasBody) answer.watches.push(new TokenWatch(bytesOf(bearer), route.prefix))
}

class TokenWatch implements BodyWatch {
  readonly #token: Buffer
  readonly #prefix: string
  #left = window
  /** The end of what came so far, as far as it may be the beginning of the token. */
  #begun: Buffer | undefined

  constructor(token: Buffer, prefix: string) {
    this.#token = token
    this.#prefix = prefix
  }

  see(chunk: Buffer): boolean {
    if (this.#left <= 0 && !this.#begun) return true
    const bytes = this.#begun ? Buffer.concat([this.#begun, chunk]) : chunk
    if (bytes.includes(this.#token)) throw tokenEcho(this.#prefix)
    const begun = beginning(bytes, this.#token)
    this.#left -= chunk.length
    this.#begun = begun === 0 || begun <= -this.#left ? undefined : bytes.subarray(bytes.length - begun)
    return this.#begun === undefined
  }
}

/** Number of bytes at the end that may be the beginning of the token. */
function beginning(bytes: Buffer, token: Buffer): number {
  const [first, second] = token as unknown as [number, number]
  for (let at = bytes.length - token.length + 1; ; at++) {
    at = bytes.indexOf(first, Math.max(0, at))
    if (at === -1) return 0
    const length = bytes.length - at
    if ((length === 1 || bytes[at + 1] === second) && token.compare(bytes, at, bytes.length, 0, length) === 0) return length
  }
}

const known = new WeakMap<Bearer, Buffer>()

/** The token's bytes, made once for all the exchanges that it serves. */
function bytesOf(bearer: Bearer): Buffer {
  const bytes = known.get(bearer) ?? Buffer.from(bearer.reveal(), 'latin1')
  known.set(bearer, bytes)
  return bytes
}

function tokenEcho(prefix: string): HallpassError {
  return new HallpassError('token-echo', { prefix })
}
