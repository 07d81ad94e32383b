// A request's body with our links mapped back; one that would be stored and lead nowhere is refused, with its place.
import { HallpassError } from '../errors/hallpass-error.ts'
import { jsonPlace } from './json-place.ts'
import type { BodyRewrite } from './steps.ts'
import { RefusedUrl, UrlScanner } from './url-scanner.ts'
import { allowsJson, type Spelling } from './url-spelling.ts'
import type { UrlTable } from './url-table.ts'

/** Takes the number of URLs of this machine that are not ours, and pass. */
export type CountUrls = (counted: number) => void

const markLength = 4

export class MappedBody implements BodyRewrite {
  readonly #scanner: UrlScanner
  readonly #spelling: Spelling
  readonly #count: CountUrls
  #first: Buffer | undefined
  #seen = 0

  constructor(table: UrlTable, spelling: Spelling, count: CountUrls) {
    this.#scanner = new UrlScanner(table, spelling)
    this.#spelling = spelling
    this.#count = count
  }

  push(chunk: Buffer): Buffer {
    this.#refuseOtherCharset(chunk)
    this.#first ??= chunk
    return this.#refusing(() => this.#scanner.push(chunk))
  }

  end(): Buffer {
    const rest = this.#refusing(() => this.#scanner.end())
    if (this.#scanner.counted > 0) this.#count(this.#scanner.counted)
    return rest
  }

  /** UTF-16 and UTF-32 show in their first bytes: a mark, or a NUL beside a letter (RFC 4627 section 3, XML 1.0 appendix F). */
  #refuseOtherCharset(chunk: Buffer): void {
    if (this.#seen >= markLength) return
    const beginning = chunk.subarray(0, markLength - this.#seen)
    this.#seen += beginning.length
    if (beginning.includes(0) || beginning.includes(0xfe) || beginning.includes(0xff)) throw new HallpassError('charset-refused')
  }

  #refusing(action: () => Buffer): Buffer {
    return refusingUnmapped(action, offset => this.#placeOf(offset))
  }

  /** In JSON within the first piece, the pointer to it; else the byte, counted from one. */
  #placeOf(offset: number): string {
    const first = this.#first
    const pointer = first && offset < first.length && allowsJson(this.#spelling) ? jsonPlace(first, offset) : undefined
    return pointer === undefined ? `at byte ${offset + 1} of the body` : `at ${pointer} in the body`
  }
}

/** Runs an action; its RefusedUrl becomes link-unmapped. `placeOf` names the place of a byte. */
export function refusingUnmapped<Result>(action: () => Result, placeOf: (offset: number) => string): Result {
  try {
    return action()
  } catch (error) {
    if (error instanceof RefusedUrl) throw new HallpassError('link-unmapped', { place: placeOf(error.offset) })
    throw error
  }
}
