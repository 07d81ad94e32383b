// The addresses by which clients know us, and the tables that follow from them for each route: made once for each Host that calls.
import type { Route } from '../terms/route.ts'
import { localiseTable } from './localise-table.ts'
import { mapBackTable } from './map-back-table.ts'
import type { UrlTable } from './url-table.ts'

export type LinkParts = {
  routes: readonly Route[]
  /** The port that we listen on; known once we do. */
  ownPort: () => number
  /** Names beside the loopback ones under which we may be called: small letters, no port. */
  extraHosts: ReadonlySet<string>
}

export type RouteLinks = {
  /** The services' URLs, to become ours. */
  localise: UrlTable
  /** Ours, to become the services'; what no route covers is refused, for it would be stored. */
  mapBack: UrlTable
  /** The same for what is only searched for: what no route covers passes. */
  mapBackQuery: UrlTable
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']
/** The same, as nobody writes them: browsers and curl make the usual names of them before they call. */
const oddNames = [
  ...['127.1', '127.0.1', '2130706433', '0x7f000001', '0x7f.1', '0x7f.0.0.1', '0177.0.0.1', '0177.1', '017700000001'],
  ...['[0:0:0:0:0:0:0:1]', '[0::1]', '[::0:1]', '[::0001]', '[0000:0000:0000:0000:0000:0000:0000:0001]'],
]
/** Clients choose the port in Host: beyond this many spellings, tables are made anew. */
const mostKept = 64

/** Finds the tables for a route and the Host field by which the client called, which the guard has let pass. */
export type FindLinks = (route: Route, host: string) => RouteLinks

export function createLinks({ routes, ownPort, extraHosts }: LinkParts): FindLinks {
  const names = [...loopbackNames, ...oddNames, ...extraHosts]
  const kept = new Map<Route, Map<string, RouteLinks>>(routes.map(route => [route, new Map()]))
  return (route, host) => {
    const byHost = kept.get(route)
    const known = byHost?.get(host)
    if (known) return known
    const { authority, port: calledPort } = calledBy(host, ownPort())
    const own = { names, port: ownPort(), calledPort }
    const links = {
      localise: localiseTable(routes, route, `http://${authority}`),
      mapBack: mapBackTable(routes, own, 'refuse'),
      mapBackQuery: mapBackTable(routes, own, 'count'),
    }
    if (byHost && byHost.size < mostKept) byHost.set(host, links)
    return links
  }
}

/** What a link of ours begins with, and its port: 80 when Host names none (RFC 9110 section 7.2). Without a Host, our usual name. */
function calledBy(host: string, ownPort: number): { authority: string; port: number } {
  const [, name = '', port] = /^(.+?)(?::(\d{1,5}))?$/.exec(host.toLowerCase()) ?? []
  if (name === '') return { authority: `localhost:${ownPort}`, port: ownPort }
  return { authority: port === undefined ? name : `${name}:${Number(port)}`, port: port === undefined ? 80 : Number(port) }
}
