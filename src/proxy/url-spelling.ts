// Reads text one character at a time, however it is spelt: a JSON string may escape any character, a query may percent-encode it.

/**
 * How characters may be written in a document: as they are, with JSON's escapes (RFC 8259 section 7), percent-encoded (RFC 3986), both ways, or
 * by XML's character references (XML 1.0 section 4.1).
 */
export type Spelling = 'plain' | 'json' | 'percent' | 'json-or-percent' | 'xml'

/** What `readCharacter` says when the rest of the character has not come yet. */
export const incomplete = -1

/** What stands behind the last character: no character at all, which ends whatever went before. */
const endOfText = 0
/** Stands for every character beyond ASCII. */
const beyondAscii = 0x80

const backslash = 0x5c
const percent = 0x25
const ampersand = 0x26
const semicolon = 0x3b
/** Bytes of the longest way to write one: `&#x0000002f;`. A reference with more zeros is read as text. */
export const longestCharacter = 12
const widthUnit = 256

/** The ASCII code of what `readCharacter` or `characterBefore` gave; 0x80 and more for any character beyond, 0 behind the end. */
export function codeOf(character: number): number {
  return character % widthUnit
}

/** How many bytes the character takes. */
export function widthOf(character: number): number {
  return Math.floor(character / widthUnit)
}

/** The character that starts at a byte, as one number for `codeOf` and `widthOf`; `incomplete` when more bytes must come to tell. */
export function readCharacter(bytes: Buffer, at: number, spelling: Spelling, final: boolean): number {
  if (at >= bytes.length) return final ? endOfText : incomplete
  const byte = bytes[at] as number
  if (byte === backslash && allowsJson(spelling)) return readEscape(bytes, at, final)
  if (byte === percent && allowsPercent(spelling)) return readHex(bytes, at, 1, 2, final)
  if (byte === ampersand && spelling === 'xml') return readReference(bytes, at, final)
  return character(byte, 1)
}

/** The character that ends before a byte, or `incomplete` when none stands there. */
export function characterBefore(bytes: Buffer, end: number, spelling: Spelling): number {
  if (end <= 0) return incomplete
  if (allowsJson(spelling)) {
    if (end >= 6 && bytes[end - 6] === backslash && bytes[end - 5] === 0x75) {
      const escaped = readEscape(bytes, end - 6, true)
      if (widthOf(escaped) === 6) return escaped
    }
    if (end >= 2 && bytes[end - 2] === backslash && bytes[end - 1] === 0x2f) return character(0x2f, 2)
  }
  if (end >= 3 && bytes[end - 3] === percent && allowsPercent(spelling)) {
    const encoded = readHex(bytes, end - 3, 1, 2, true)
    if (widthOf(encoded) === 3) return encoded
  }
  if (bytes[end - 1] === semicolon && spelling === 'xml') {
    let start = end - 2
    while (bytes[start] !== ampersand && end - start < longestCharacter) start--
    const reference = bytes[start] === ampersand ? readReference(bytes, start, true) : incomplete
    if (widthOf(reference) === end - start) return reference
  }
  return character(bytes[end - 1] as number, 1)
}

/** False for a backslash that is the second half of `\\`. The first byte of all begins a character. */
export function beginsCharacter(bytes: Buffer, at: number): boolean {
  if (bytes[at] !== backslash) return true
  let first = at
  while (first > 0 && bytes[first - 1] === backslash) first--
  return (at - first) % 2 === 0
}

export function allowsJson(spelling: Spelling): boolean {
  return spelling === 'json' || spelling === 'json-or-percent'
}

export function allowsPercent(spelling: Spelling): boolean {
  return spelling === 'percent' || spelling === 'json-or-percent'
}

function character(code: number, width: number): number {
  return width * widthUnit + Math.min(code, beyondAscii)
}

function readEscape(bytes: Buffer, at: number, final: boolean): number {
  const next = bytes[at + 1]
  switch (next) {
    case undefined:
      return final ? character(backslash, 1) : incomplete
    case 0x75:
      return readHex(bytes, at, 2, 4, final)
    case 0x2f:
    case 0x22:
    case backslash:
      return character(next, 2)
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      // A control character: which one makes no difference here.
      return character(0x0a, 2)
    default:
      return character(backslash, 1)
  }
}

/** A mark of some bytes and hexadecimal digits; the first byte as it is when no digits follow. */
function readHex(bytes: Buffer, at: number, mark: number, digits: number, final: boolean): number {
  let code = 0
  for (let index = at + mark; index < at + mark + digits; index++) {
    if (index >= bytes.length) return final ? character(bytes[at] as number, 1) : incomplete
    const value = hexValue(bytes[index] as number)
    if (value < 0) return character(bytes[at] as number, 1)
    code = code * 16 + value
  }
  return character(code, mark + digits)
}

/** `&#47;` or `&#x2f;`; the ampersand as it is when it begins no such reference. */
function readReference(bytes: Buffer, at: number, final: boolean): number {
  const plain = character(ampersand, 1)
  let code = 0
  let radix = 10
  for (let index = at + 1; index < at + longestCharacter; index++) {
    const byte = bytes[index]
    if (byte === undefined) return final ? plain : incomplete
    if (index === at + 1) {
      if (byte !== 0x23) return plain
    } else if (index === at + 2 && byte === 0x78) radix = 16
    else if (byte === semicolon) return index > at + (radix === 16 ? 3 : 2) ? character(code, index + 1 - at) : plain
    else {
      const value = hexValue(byte)
      if (value < 0 || value >= radix) return plain
      code = code * radix + value
    }
  }
  return plain
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
