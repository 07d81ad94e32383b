// What localising looks for: the services behind the routes, and the addresses of ours that stand for them.
import type { Route } from '../terms/route.ts'
import { createUrlTable, type UrlTable } from './url-table.ts'

/**
 * The URLs of the routes' services, each to become an address below `ours`, such as `http://localhost:3447`. Where the bases of several
 * routes fit a URL, the route by which the request came wins, else the longest base.
 */
export function localiseTable(routes: readonly Route[], by: Route, ours: string): UrlTable {
  const ordered = [...routes].sort((a, b) => Number(b === by) - Number(a === by) || b.basePath.length - a.basePath.length)
  return createUrlTable(
    ordered.map(({ origin, basePath, prefix }) => {
      const { protocol, hostname, port } = new URL(origin)
      const secure = protocol === 'https:'
      return {
        host: hostname,
        secure,
        port: port === '' ? (secure ? 443 : 80) : Number(port),
        targets: [{ path: basePath, to: ours + prefix }],
        otherwise: 'pass' as const,
      }
    }),
    false,
  )
}
