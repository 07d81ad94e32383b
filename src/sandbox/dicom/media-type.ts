// Media types with parameters, as in Content-Type and Accept (RFC 9110, 8.3.1 and 12.5.1).

export type MediaType = { type: string; parameters: Record<string, string> }

/** Type and parameter names in lower case, quotes removed. */
export function parseMediaType(value: string): MediaType {
  const [type = '', ...rest] = splitOutsideQuotes(value, ';')
  const parameters = rest.map(parameter => {
    const equals = parameter.indexOf('=')
    const name = parameter.slice(0, equals < 0 ? undefined : equals)
    return [name.trim().toLowerCase(), equals < 0 ? '' : unquote(parameter.slice(equals + 1).trim())]
  })
  return { type: type.trim().toLowerCase(), parameters: Object.fromEntries(parameters) }
}

/** The media ranges of an Accept field, the most wanted first; those with q=0 left out. */
export function parseAccept(value: string): MediaType[] {
  const ranges = splitOutsideQuotes(value, ',').map(parseMediaType)
  const quality = ({ parameters }: MediaType) => Number(parameters.q ?? 1)
  return ranges.filter(range => range.type !== '' && quality(range) > 0).toSorted((a, b) => quality(b) - quality(a))
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  return text.match(new RegExp(`(?:"(?:[^"\\\\]|\\\\.)*"|[^${separator}"]|")+`, 'g')) ?? []
}

function unquote(text: string): string {
  return /^".*"$/.test(text) ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text
}
