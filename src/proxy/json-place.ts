// Where in a JSON document a byte stands, as a JSON Pointer (RFC 6901).

const mostKeyLength = 64
const mostDepth = 256

type Level = { array: boolean; index: number; key: string }

/**
 * The pointer to the value (or the member name) in which the byte stands, such as `/entry/3/fullUrl`; undefined for what is not JSON up to
 * there. Of long member names only the beginning is told.
 */
export function jsonPlace(document: Buffer, offset: number): string | undefined {
  const levels: Level[] = []
  let at = 0
  while (at < offset) {
    const byte = document[at] as number
    if (byte === 0x22) {
      const end = stringEnd(document, at)
      const level = levels.at(-1)
      if (level && !level.array && isKey(document, at))
        level.key = document.toString('utf8', at + 1, Math.min(end - 1, at + 1 + mostKeyLength))
      at = end
      continue
    }
    if (byte === 0x7b || byte === 0x5b) levels.push({ array: byte === 0x5b, index: 0, key: '' })
    else if (byte === 0x7d || byte === 0x5d) levels.pop()
    else if (byte === 0x2c) advance(levels.at(-1))
    if (levels.length > mostDepth) return undefined
    at++
  }
  return levels.length === 0 ? undefined : levels.map(({ array, index, key }) => `/${array ? index : escaped(key)}`).join('')
}

function advance(level: Level | undefined): void {
  if (level) level.index++
}

/** Behind the closing quote. */
function stringEnd(document: Buffer, start: number): number {
  for (let at = start + 1; at < document.length; at++) {
    if (document[at] === 0x5c) at++
    else if (document[at] === 0x22) return at + 1
  }
  return document.length
}

/** A member name is what follows `{` or `,`. */
function isKey(document: Buffer, quote: number): boolean {
  let before = quote - 1
  while (before >= 0 && [0x20, 0x09, 0x0a, 0x0d].includes(document[before] as number)) before--
  return document[before] === 0x7b || document[before] === 0x2c
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
