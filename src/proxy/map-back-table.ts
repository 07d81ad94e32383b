// What mapping back looks for: every address under which a client may know us, and the services that they stand for.
import type { Route } from '../terms/route.ts'
import { createUrlTable, type UrlTable } from './url-table.ts'

/** Under which names and ports clients know us. */
export type OwnAddress = {
  /** In small letters, IPv6 in brackets, without port. */
  names: readonly string[]
  /** The port that we listen on: whatever is there is ours. */
  port: number
  /** The port by which this client called, when that is another one (`ssh -L`, a development server in front of us). */
  calledPort: number
}

/**
 * The URLs of ours, each to become one of the service behind its route. What no route covers is refused on our own port; on the port by which
 * the client called, and on every other port of these names, it is somebody else's: it passes and is counted.
 */
export function mapBackTable(routes: readonly Route[], { names, port, calledPort }: OwnAddress, uncovered: 'refuse' | 'count'): UrlTable {
  const targets = routes.map(({ prefix, origin, basePath }) => ({ path: prefix, to: origin + basePath }))
  const ports = [...new Set([port, calledPort])]
  return createUrlTable(
    names.flatMap(host =>
      ports.flatMap(known =>
        // Nobody but us answers on our port, so that https can only be a slip of whoever wrote it.
        [false, true].map(secure => ({ host, secure, port: known, targets, otherwise: known === port ? uncovered : ('count' as const) })),
      ),
    ),
    true,
  )
}
