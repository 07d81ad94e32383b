// Verdicts on field names, remembered by the spelling in which they arrive: a request costs no lower-casing.

const maxSpellings = 512
const maxLength = 64

/**
 * A lookup of `judge` (which gets the name in small letters) by any spelling. What it remembers is bounded: a client that sends ever new
 * names only makes its own requests slower.
 */
export function rememberingSpellings<Verdict extends string>(judge: (name: string) => Verdict): (spelling: string) => Verdict {
  const seen = new Map<string, Verdict>()
  return spelling => {
    const known = seen.get(spelling)
    if (known !== undefined) return known
    const verdict = judge(spelling.toLowerCase())
    if (seen.size < maxSpellings && spelling.length <= maxLength) seen.set(spelling, verdict)
    return verdict
  }
}
