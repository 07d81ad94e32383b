// Replaces known URLs in a document that comes in pieces: constant memory, and the same result wherever the pieces end.
import type { BodyRewrite } from './steps.ts'
import { matchUrl, type Text, type UrlMatch } from './url-match.ts'
import {
  allowsJson,
  allowsPercent,
  beginsCharacter,
  characterBefore,
  codeOf,
  incomplete,
  longestCharacter,
  type Spelling,
  widthOf,
} from './url-spelling.ts'
import type { UrlTable } from './url-table.ts'

/** A URL that the table refuses. */
export class RefusedUrl extends Error {
  /** Of its first byte in the document. */
  readonly offset: number

  constructor(offset: number) {
    super('a URL that may not stand here')
    this.offset = offset
  }
}

/** Longest piece that may have begun a URL and holds none of its slashes yet: `https:`, every character by its number, and most of a slash's. */
const longestBeginning = 6 * longestCharacter + longestCharacter - 1
const empty = Buffer.alloc(0)

type Edit = { from: number; to: number; text: Buffer }

export class UrlScanner implements BodyRewrite {
  readonly #table: UrlTable
  readonly #spelling: Spelling
  readonly #needles: readonly Buffer[]
  readonly #mayFollow: Uint8Array
  /** Begins with a whole character: an escape whose rest has not come is never let go. */
  #kept: Buffer = empty
  /** Bytes of the document before what is kept. */
  #passed = 0
  replaced = 0
  counted = 0

  constructor(table: UrlTable, spelling: Spelling) {
    this.#table = table
    this.#spelling = spelling
    this.#needles = needlesOf[spelling]
    this.#mayFollow = firstBytes(table)
  }

  push(chunk: Buffer): Buffer {
    return this.#scan(chunk, false)
  }

  end(): Buffer {
    return this.#kept.length === 0 ? empty : this.#scan(empty, true)
  }

  /** For a document that is there as a whole; nothing may follow. */
  whole(document: Buffer): Buffer {
    return this.#scan(document, true)
  }

  #scan(chunk: Buffer, final: boolean): Buffer {
    const bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk])
    const text: Text = { bytes, spelling: this.#spelling, final }
    const edits: Edit[] = []
    const end = this.#collect(text, edits)
    this.#kept = end === bytes.length ? empty : bytes.subarray(end)
    this.#passed += end
    return edits.length === 0 ? bytes.subarray(0, end) : apply(bytes, edits, end)
  }

  /** Where what must wait for the next piece begins. */
  #collect(text: Text, edits: Edit[]): number {
    const { bytes } = text
    const places = this.#needles.map(() => -1)
    /** Behind the last match; nothing before takes part in another. */
    let floor = 0
    let from = 0
    for (;;) {
      const at = nextPlace(bytes, from, this.#needles, places)
      if (at === bytes.length) return text.final ? at : this.#heldFrom(text, floor)
      from = at + 1
      if (!this.#mayMatch(bytes, at)) continue
      const start = this.#startBefore(bytes, at)
      if (start < floor) continue
      const match = matchUrl(text, start, this.#table)
      if (match === 'none') continue
      if (match === 'more') return start
      this.#take(bytes, start, match, edits)
      floor = match.end
      from = Math.max(from, floor)
    }
  }

  /** False when two plain slashes stand here and no known host begins as what follows them. */
  #mayMatch(bytes: Buffer, at: number): boolean {
    if (bytes[at] !== slash || bytes[at + 1] !== slash) return true
    const next = bytes[at + 2]
    return next === undefined || this.#mayFollow[next] === 1
  }

  #take(bytes: Buffer, start: number, match: UrlMatch, edits: Edit[]): void {
    if (match.verdict === 'refuse') throw new RefusedUrl(this.#passed + start)
    if (match.verdict === 'count') {
      this.counted++
      return
    }
    this.replaced++
    edits.push({ from: start, to: match.end, text: spelt(bytes, match) })
  }

  /** First byte of the scheme whose slashes are at or around a byte, or -1. */
  #startBefore(bytes: Buffer, at: number): number {
    let first = at
    const before = characterBefore(bytes, first, this.#spelling)
    if (before !== incomplete && codeOf(before) === 0x2f) first -= widthOf(before)
    let start = this.#back(bytes, first, 0x3a)
    const secure = this.#back(bytes, start, 0x73)
    if (secure >= 0) start = secure
    start = this.#back(bytes, this.#back(bytes, start, 0x70), 0x74)
    start = this.#back(bytes, this.#back(bytes, start, 0x74), 0x68)
    return start >= 0 && beginsCharacter(bytes, start) ? start : -1
  }

  /** Where a colon or a small or capital letter begins that ends before a byte, or -1. */
  #back(bytes: Buffer, end: number, wanted: number): number {
    if (end <= 0) return -1
    // None of `:http` and `s` can be the last byte of an escape.
    if (bytes[end - 1] === wanted) return end - 1
    const before = characterBefore(bytes, end, this.#spelling)
    if (before === incomplete) return -1
    const code = codeOf(before)
    return code === wanted || (wanted >= 0x61 && (code | 0x20) === wanted) ? end - widthOf(before) : -1
  }

  /** The first byte near the end from which a known URL may have begun. */
  #heldFrom(text: Text, floor: number): number {
    const { bytes } = text
    for (let at = Math.max(floor, bytes.length - longestBeginning); at < bytes.length; at++) {
      if (!mayBegin(bytes[at] as number, this.#spelling)) continue
      if (matchUrl(text, at, this.#table) === 'more' && beginsCharacter(bytes, at)) return at
    }
    return bytes.length
  }
}

const slashes = Buffer.from('//')
const escaped = [Buffer.from('\\/'), Buffer.from('\\u00')]
const encoded = [Buffer.from('%2')]
const referred = [Buffer.from('&#')]
/** What stands in every URL, in each way to write it: two slashes, an escaped slash, any character by its number. */
const needlesOf: Readonly<Record<Spelling, readonly Buffer[]>> = {
  plain: [slashes],
  json: [slashes, ...escaped],
  percent: [slashes, ...encoded],
  'json-or-percent': [slashes, ...escaped, ...encoded],
  xml: [slashes, ...referred],
}

const slash = 0x2f
const known = new WeakMap<UrlTable, Uint8Array>()

/** For each byte, 1 when it may be the first of a known host: in either case, or escaped. */
function firstBytes(table: UrlTable): Uint8Array {
  const earlier = known.get(table)
  if (earlier) return earlier
  const bytes = new Uint8Array(256)
  for (const { name } of table) for (const first of [name, name.toUpperCase(), '\\', '%', '&']) bytes[first.charCodeAt(0)] = 1
  known.set(table, bytes)
  return bytes
}

/** The first place from a byte on at which a needle stands, or the length; `places` remembers where each was found last. */
function nextPlace(bytes: Buffer, from: number, needles: readonly Buffer[], places: number[]): number {
  let next = bytes.length
  for (let index = 0; index < needles.length; index++) {
    let place = places[index] as number
    if (place < from) {
      place = bytes.indexOf(needles[index] as Buffer, from)
      if (place === -1) place = bytes.length
      places[index] = place
    }
    if (place < next) next = place
  }
  return next
}

function mayBegin(byte: number, spelling: Spelling): boolean {
  if (byte === 0x68 || byte === 0x48) return true
  return (byte === 0x5c && allowsJson(spelling)) || (byte === 0x25 && allowsPercent(spelling)) || (byte === 0x26 && spelling === 'xml')
}

const written = new Map<string, Buffer>()
const mostWritten = 256

/** The replacement, its colons and slashes spelt as those that it replaces. */
function spelt(bytes: Buffer, { to, colonAt, slashAt, secondAt }: UrlMatch): Buffer {
  if (slashAt - colonAt > 1 || secondAt - slashAt > 1)
    return Buffer.from(respell(to, bytes.toString('latin1', colonAt, slashAt), bytes.toString('latin1', slashAt, secondAt)), 'latin1')
  const known = written.get(to)
  if (known) return known
  const text = Buffer.from(to, 'latin1')
  if (written.size < mostWritten) written.set(to, text)
  return text
}

function respell(to: string, colon: string, slash: string): string {
  return to.replaceAll(':', colon).replaceAll('/', slash)
}

function apply(bytes: Buffer, edits: readonly Edit[], end: number): Buffer {
  let length = end
  for (const { from, to, text } of edits) length += text.length - (to - from)
  const result = Buffer.allocUnsafe(length)
  let read = 0
  let write = 0
  for (const { from, to, text } of edits) {
    write += bytes.copy(result, write, read, from)
    write += text.copy(result, write)
    read = to
  }
  bytes.copy(result, write, read, end)
  return result
}
