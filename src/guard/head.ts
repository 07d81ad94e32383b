// The fields of a request head that the guard's rules look at, collected in one pass over the raw fields.

/**
 * A repeated field has its values joined with `, ` (RFC 9110 section 5.3), which no rule on Host, Upgrade or framing takes for a good value.
 * Fields that are absent are undefined; an empty value is the empty string.
 */
export type Head = {
  /** Number of fields, repeated ones included. */
  fieldCount: number
  host: string | undefined
  origin: string | undefined
  referer: string | undefined
  /** Sec-Fetch-Site, -Mode and -Dest (Fetch Metadata Request Headers, W3C). */
  site: string | undefined
  mode: string | undefined
  destination: string | undefined
  /** Origin, Referer or a Sec-Fetch field stood there twice, which no browser sends. */
  repeatedBrowserField: boolean
  /** The browser fetches ahead of its user (Sec-Purpose, or the older Purpose and X-Moz). */
  prefetch: boolean
  upgrade: string | undefined
  transferEncoding: string | undefined
  contentLength: string | undefined
  accept: string | undefined
  /** The values of Access-Control-Request-Method and -Headers. */
  requestMethod: string | undefined
  requestHeaders: string | undefined
  /** The value of Hallpass-Key. */
  key: string | undefined
  hasBody: boolean
}

const watched = [
  ...['host', 'origin', 'referer', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'sec-purpose', 'purpose', 'x-moz'],
  ...['upgrade', 'transfer-encoding', 'content-length', 'accept'],
  ...['access-control-request-method', 'access-control-request-headers', 'hallpass-key'],
] as const
type Watched = (typeof watched)[number]

const bySpelling = new Map<string, Watched>(watched.flatMap(name => [[name, name] as const, [inTitleCase(name), name] as const]))
/** By length: most fields of a request are passed over without a look at their name. */
const watchedLengths: readonly boolean[] = Array.from({ length: 31 }, (_, length) => watched.some(name => name.length === length))

/** Reads node's `rawHeaders` (name, value, name, value, …). */
export function readHead(rawHeaders: readonly string[]): Head {
  const head: Head = {
    fieldCount: rawHeaders.length / 2,
    host: undefined,
    origin: undefined,
    referer: undefined,
    site: undefined,
    mode: undefined,
    destination: undefined,
    repeatedBrowserField: false,
    prefetch: false,
    upgrade: undefined,
    transferEncoding: undefined,
    contentLength: undefined,
    accept: undefined,
    requestMethod: undefined,
    requestHeaders: undefined,
    key: undefined,
    hasBody: false,
  }
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (watchedLengths[name.length]) take(head, name, rawHeaders[index + 1] as string)
  }
  head.hasBody = head.transferEncoding !== undefined || (head.contentLength !== undefined && Number(head.contentLength) > 0)
  return head
}

/**
 * True when a person's browser goes to this address in a tab of its own, as opposed to a page's request or a program. Browsers that send no
 * Sec-Fetch fields are known by what they accept first.
 */
export function isNavigation(method: string, head: Head): boolean {
  if (head.mode !== undefined || head.destination !== undefined || head.site !== undefined) {
    return head.mode === 'navigate' && head.destination === 'document'
  }
  return (method === 'GET' || method === 'HEAD') && head.accept?.startsWith('text/html') === true
}

function take(head: Head, spelling: string, value: string): void {
  switch (bySpelling.get(spelling) ?? bySpelling.get(spelling.toLowerCase())) {
    case 'host':
      head.host = join(head.host, value)
      return
    case 'origin':
      head.repeatedBrowserField ||= head.origin !== undefined
      head.origin = value
      return
    case 'referer':
      head.repeatedBrowserField ||= head.referer !== undefined
      head.referer = value
      return
    case 'sec-fetch-site':
      head.repeatedBrowserField ||= head.site !== undefined
      head.site = value
      return
    case 'sec-fetch-mode':
      head.repeatedBrowserField ||= head.mode !== undefined
      head.mode = value
      return
    case 'sec-fetch-dest':
      head.repeatedBrowserField ||= head.destination !== undefined
      head.destination = value
      return
    case 'sec-purpose':
    case 'purpose':
    case 'x-moz':
      head.prefetch ||= /prefetch/i.test(value)
      return
    case 'upgrade':
      head.upgrade = join(head.upgrade, value)
      return
    case 'transfer-encoding':
      head.transferEncoding = join(head.transferEncoding, value)
      return
    case 'content-length':
      head.contentLength = join(head.contentLength, value)
      return
    case 'accept':
      head.accept = join(head.accept, value)
      return
    case 'access-control-request-method':
      head.requestMethod = join(head.requestMethod, value)
      return
    case 'access-control-request-headers':
      head.requestHeaders = join(head.requestHeaders, value)
      return
    case 'hallpass-key':
      head.key = join(head.key, value)
  }
}

function join(earlier: string | undefined, value: string): string {
  return earlier === undefined ? value : `${earlier}, ${value}`
}

function inTitleCase(name: string): string {
  return name.replace(/\b[a-z]/g, letter => letter.toUpperCase())
}
