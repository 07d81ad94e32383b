// The URLs that a scanner looks for, and what it writes in their place.

/** What lies below one path of a known authority. */
export type UrlTarget = {
  /** Without trailing slash; the empty string for all paths. */
  path: string
  /** What takes the place of scheme, authority and path. */
  to: string
}

/** One scheme, host and port. */
export type KnownAuthority = {
  secure: boolean
  port: number
  /** The first that fits wins. */
  targets: readonly UrlTarget[]
  /** What happens to a URL that no target covers. */
  otherwise: 'pass' | 'count' | 'refuse'
}

export type KnownHost = {
  /** In small letters; an IPv6 address in brackets. */
  name: string
  authorities: ReadonlyMap<number, KnownAuthority>
  /** URLs of this host at any other port are counted. */
  countsOthers: boolean
}

export type UrlTable = readonly KnownHost[]

/** The number under which a host keeps an authority. */
export function authorityKey(secure: boolean, port: number): number {
  return port * 2 + (secure ? 1 : 0)
}

/** The table of hosts and their authorities; what has the same host and port is one authority, its targets in the order given. */
export function createUrlTable(entries: readonly (KnownAuthority & { host: string })[], countsOthers: boolean): UrlTable {
  const hosts = new Map<string, Map<number, KnownAuthority>>()
  for (const { host, ...authority } of entries) {
    const authorities = hosts.get(host) ?? new Map<number, KnownAuthority>()
    hosts.set(host, authorities)
    const key = authorityKey(authority.secure, authority.port)
    const earlier = authorities.get(key)
    authorities.set(key, { ...authority, targets: [...(earlier?.targets ?? []), ...authority.targets] })
  }
  return [...hosts].map(([name, authorities]) => ({ name, authorities, countsOthers }))
}
