// Fields that belong to one connection and are never passed on (RFC 9110 section 7.6.1), and how fields are taken out of a list.

/** The fields that every intermediary must know. `Http2-Settings` comes with an offer of h2c, which we ignore. */
export const connectionFields: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'],
  ...['proxy-authenticate', 'proxy-authorization', 'proxy-authentication-info'],
])

/**
 * The flat list of fields without those that the value of a Connection field names. Content-Length stays whatever it names: where a body
 * ends is not for a client to take away.
 */
export function withoutNamed(fields: string[], connection: string | undefined): string[] {
  if (connection === undefined || /^(?:keep-alive|close)?$/i.test(connection)) return fields
  const named = new Set(connection.split(',').map(option => option.trim().toLowerCase()))
  named.delete('content-length')
  return filterFields(fields, name => !named.has(name.toLowerCase()))
}

/** The flat list of fields without those of this name (small letters). */
export function fieldsWithout(fields: string[], unwanted: string): string[] {
  return filterFields(fields, name => name.length !== unwanted.length || name.toLowerCase() !== unwanted)
}

/** Bytes up to which a body may be held as a whole. */
export const smallBody = 64 * 1024

/** True when Content-Length announces a body of at most 64 KiB. */
export function isSmallBody(fields: readonly string[]): boolean {
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string
    if (name.length === 14 && name.toLowerCase() === 'content-length') return Number(fields[index + 1]) <= smallBody
  }
  return false
}

function filterFields(fields: string[], keep: (name: string) => boolean): string[] {
  const kept: string[] = []
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string
    if (keep(name)) kept.push(name, fields[index + 1] as string)
  }
  return kept
}
