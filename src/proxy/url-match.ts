// Tells whether a known URL starts at a byte, in any spelling, and where what is known of it ends.
import { codeOf, incomplete, readCharacter, type Spelling, widthOf } from './url-spelling.ts'
import { authorityKey, type KnownAuthority, type KnownHost, type UrlTable, type UrlTarget } from './url-table.ts'

export type UrlMatch = {
  verdict: 'replace' | 'refuse' | 'count'
  /** Behind the last byte of scheme, authority and path. */
  end: number
  /** For `replace`: what takes their place. */
  to: string
  /** Where the first colon and the two slashes begin: the replacement's are spelt like them. */
  colonAt: number
  slashAt: number
  secondAt: number
}

/** Behind `more` lies what has not come yet; `none` stays none whatever comes. */
export type MatchResult = UrlMatch | 'more' | 'none'

/** A view of the document as far as it has come. `final`: nothing follows. */
export type Text = { bytes: Buffer; spelling: Spelling; final: boolean }

const none = -2
const mostZeros = 16
const slash = 0x2f
const colon = 0x3a

/**
 * The known URL whose scheme starts at a byte. Scheme and host are compared without regard to case, the path exactly; a port that the scheme
 * implies may be written. What is known must end where a URL or a path segment ends, so that `https://host` is not found in
 * `https://host.evil.example`, nor `/v2` in `/v20`.
 */
export function matchUrl(text: Text, start: number, table: UrlTable): MatchResult {
  const scheme = readWord(text, start, 'http')
  if (scheme < 0) return outcome(scheme)
  const after = readCharacter(text.bytes, scheme, text.spelling, text.final)
  if (after === incomplete) return 'more'
  const secure = (codeOf(after) | 0x20) === 0x73
  const colonAt = secure ? scheme + widthOf(after) : scheme
  const slashAt = readOne(text, colonAt, colon)
  if (slashAt < 0) return outcome(slashAt)
  const secondAt = readOne(text, slashAt, slash)
  if (secondAt < 0) return outcome(secondAt)
  const hostAt = readOne(text, secondAt, slash)
  if (hostAt < 0) return outcome(hostAt)
  for (const host of table) {
    const found = matchHost(text, hostAt, host, secure)
    if (found === 'none') continue
    if (found === 'more') return 'more'
    const { verdict, end, to } = found
    return { verdict, end, to, colonAt, slashAt, secondAt }
  }
  return 'none'
}

type Found = Pick<UrlMatch, 'verdict' | 'end' | 'to'>

function matchHost(text: Text, at: number, host: KnownHost, secure: boolean): Found | 'more' | 'none' {
  const end = readWord(text, at, host.name)
  if (end < 0) return outcome(end)
  const port = readPort(text, end)
  if (port === 'more' || port === 'none') return port
  const authority = host.authorities.get(authorityKey(secure, port.number ?? (secure ? 443 : 80)))
  if (!authority && !host.countsOthers) return 'none'
  for (const target of authority?.targets ?? []) {
    const found = matchTarget(text, port.end, target)
    if (found !== 'none') return found
  }
  const bounded = boundary(text, port.end)
  if (bounded !== 'yes') return bounded === 'more' ? 'more' : 'none'
  return uncovered(authority, port.end)
}

function uncovered(authority: KnownAuthority | undefined, end: number): Found | 'none' {
  const verdict = authority?.otherwise ?? 'count'
  return verdict === 'pass' ? 'none' : { verdict, end, to: '' }
}

function matchTarget(text: Text, at: number, { path, to }: UrlTarget): Found | 'more' | 'none' {
  let end = at
  for (let index = 0; index < path.length; index++) {
    end = readOne(text, end, path.charCodeAt(index))
    if (end < 0) return outcome(end)
  }
  const bounded = boundary(text, end)
  if (bounded === 'yes') return { verdict: 'replace', end, to }
  return bounded === 'more' ? 'more' : 'none'
}

/** The number behind a colon; undefined when there is none. `end` stands behind it, or where it would begin. */
function readPort(text: Text, at: number): { number: number | undefined; end: number } | 'more' | 'none' {
  const none = { number: undefined, end: at }
  const after = readOne(text, at, colon)
  if (after < 0) return after === incomplete ? 'more' : none
  let number = 0
  let end = after
  for (let digits = 0, zeros = 0; ; digits++) {
    const digit = readCharacter(text.bytes, end, text.spelling, text.final)
    if (digit === incomplete) return 'more'
    const value = codeOf(digit) - 0x30
    if (value < 0 || value > 9) return digits + zeros === 0 ? none : { number, end }
    // `:0003447` is the same port; no document has more of them than this, and a stream of them is not held back.
    if (value === 0 && number === 0 && zeros++ < mostZeros) digits--
    if (digits === 5) return 'none'
    number = number * 10 + value
    end += widthOf(digit)
  }
}

/** What may follow: nothing, what begins a path, query or fragment, or what ends a URL in running text. */
function boundary(text: Text, at: number): 'yes' | 'no' | 'more' {
  const character = readCharacter(text.bytes, at, text.spelling, text.final)
  if (character === incomplete) return 'more'
  const code = codeOf(character)
  if (code === slash || code === 0x3f || code === 0x23 || endsUrl(code)) return 'yes'
  if (code !== 0x2e && code !== colon) return 'no'
  // A full stop or a colon ends a sentence when nothing of a URL follows it.
  const next = readCharacter(text.bytes, at + widthOf(character), text.spelling, text.final)
  if (next === incomplete) return 'more'
  return endsUrl(codeOf(next)) ? 'yes' : 'no'
}

/** Letters, digits, and `-._~%:@/?#` go on with a URL; so does everything beyond ASCII. */
function endsUrl(code: number): boolean {
  if (code >= 0x80) return false
  if (code >= 0x30 && code <= 0x39) return false
  if ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a && code >= 0x41) return false
  return !goesOn.has(code)
}

const goesOn: ReadonlySet<number> = new Set([...'-._~%:@/?#'].map(character => character.charCodeAt(0)))

/** Behind a word without backslash and percent, letters in either case; `none` or `incomplete`. */
function readWord({ bytes, spelling, final }: Text, start: number, word: string): number {
  let at = start
  for (let index = 0; index < word.length; index++) {
    const wanted = word.charCodeAt(index)
    if (bytes[at] === wanted) {
      at++
      continue
    }
    const character = readCharacter(bytes, at, spelling, final)
    if (character === incomplete) return incomplete
    const code = codeOf(character)
    if (code !== wanted && (code | 0x20) !== (wanted >= 0x61 ? wanted : none)) return none
    at += widthOf(character)
  }
  return at
}

function readOne({ bytes, spelling, final }: Text, at: number, wanted: number): number {
  if (bytes[at] === wanted) return at + 1
  const character = readCharacter(bytes, at, spelling, final)
  if (character === incomplete) return incomplete
  return codeOf(character) === wanted ? at + widthOf(character) : none
}

function outcome(end: number): 'more' | 'none' {
  return end === incomplete ? 'more' : 'none'
}
