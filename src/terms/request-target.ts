// A request target in origin-form (RFC 9112 section 3.2.1), taken apart without decoding anything.

/** The path, up to the first `?`. */
export function pathOf(target: string): string {
  const mark = target.indexOf('?')
  return mark === -1 ? target : target.slice(0, mark)
}

/** What follows the first `?`; the empty string when there is none. */
export function queryOf(target: string): string {
  const mark = target.indexOf('?')
  return mark === -1 ? '' : target.slice(mark + 1)
}
