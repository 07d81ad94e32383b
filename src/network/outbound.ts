// The ways out of the machine: one pool per origin, through the corporate proxy where there is one, over verified TLS.
import { type Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici'
import { Connections } from './connections.ts'
import { proxyTrouble } from './reason.ts'
import type { TlsOptions } from './tls.ts'

/** Values of the proxy variables as the environment had them; undefined where it had none. */
export type ProxySettings = { httpProxy: string | undefined; httpsProxy: string | undefined; noProxy: string | undefined }

export type OutboundLimits = {
  /** Milliseconds for connecting, TLS included. */
  connectTimeout: number
  /** Milliseconds until an answer begins. */
  answerTimeout: number
  /** Milliseconds of silence that are tolerated within an answer. */
  silenceTimeout: number
  /** Bytes of an answer's head. */
  maxHeadBytes: number
  /** To one origin; further requests wait for one. */
  maxConnections: number
}

export type Outbound = {
  /** The dispatcher for an origin such as `https://host`; the same one each time. */
  dispatcherFor(origin: string): Dispatcher
  /** Ends every connection, also those in use. */
  close(): Promise<void>
}

/** The way to any configured origin. Connections to this machine never go through a proxy. */
export function createOutbound(proxy: ProxySettings, limits: OutboundLimits, tls: TlsOptions): Outbound {
  const connect = { timeout: limits.connectTimeout, ...tls }
  const options = {
    headersTimeout: limits.answerTimeout,
    bodyTimeout: limits.silenceTimeout,
    maxHeaderSize: limits.maxHeadBytes,
    pipelining: 1,
  }
  const direct = new Map<string, Connections>()
  const directTo = (origin: string) => {
    const known = direct.get(origin)
    if (known) return known
    const connections = new Connections(origin, buildConnector(connect), limits.maxConnections, options)
    direct.set(origin, connections)
    return connections
  }
  const outward =
    proxy.httpProxy || proxy.httpsProxy ? proxied(proxy, { ...options, connections: limits.maxConnections, connect }, connect) : undefined
  const chosen = outward?.compose(keepRepeated)
  return {
    dispatcherFor: origin => (chosen && !isOnThisMachine(origin) ? chosen : directTo(origin)),
    close: async () => {
      await Promise.all([outward?.destroy(), ...[...direct.values()].map(connections => connections.destroy())])
    },
  }
}

/** Behind a proxy undici takes the TLS options of the two legs from elsewhere, and would otherwise verify by the environment's whim. */
function proxied(
  { httpProxy, httpsProxy, noProxy }: ProxySettings,
  options: Agent.Options,
  connect: buildConnector.BuildOptions,
): Dispatcher {
  return new EnvHttpProxyAgent({
    ...options,
    requestTls: connect,
    proxyTls: connect,
    clientFactory: origin => new Pool(origin, { connect: toProxy(buildConnector(connect)) }),
    httpProxy: httpProxy ?? '',
    httpsProxy: httpsProxy ?? '',
    noProxy: noProxy ?? '',
  })
}

/** Of fields in a flat list undici's agents for proxies pass on one of each name: the last. In an object, whose values may be lists, they keep all. */
const keepRepeated: Dispatcher.DispatcherComposeInterceptor = dispatch => (options, handler) => {
  const { headers } = options
  return dispatch(Array.isArray(headers) ? { ...options, headers: byName(headers) } : options, handler)
}

function byName(fields: readonly string[]): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = {}
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [name, value] = [fields[index] as string, fields[index + 1] as string]
    const earlier = values[name]
    values[name] = earlier === undefined ? value : [earlier, value].flat()
  }
  return values
}

/** Connects to the proxy; says so when that is what fails, not the service behind it. */
function toProxy(connector: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connector(options, (...result) => {
      const [error, socket] = result
      if (error) callback(proxyTrouble(error), null)
      else if (socket) callback(null, socket)
    })
}

/** The proxy variables; the small-letter spelling wins, as in curl. */
export function proxySettingsOf(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  return {
    httpProxy: env.http_proxy || env.HTTP_PROXY || undefined,
    httpsProxy: env.https_proxy || env.HTTPS_PROXY || undefined,
    noProxy: env.no_proxy || env.NO_PROXY || undefined,
  }
}

function isOnThisMachine(origin: string): boolean {
  return /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin)
}
