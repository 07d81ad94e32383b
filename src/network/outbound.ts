// The ways out of the machine: one pool per origin, through the corporate proxy where there is one, over verified TLS.
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici'

/** Values of the proxy variables as the environment had them; undefined where it had none. */
export type ProxySettings = { httpProxy: string | undefined; httpsProxy: string | undefined; noProxy: string | undefined }

export type OutboundLimits = {
  /** Milliseconds for connecting, TLS included. */
  connectTimeout: number
  /** Milliseconds of silence that are tolerated before and within an answer. */
  silenceTimeout: number
}

export type Outbound = {
  /** The dispatcher for an origin such as `https://host`; the same one each time. */
  dispatcherFor(origin: string): Dispatcher
  /** Ends every connection, also those in use. */
  close(): Promise<void>
}

/** The way to any configured origin. Connections to this machine never go through a proxy. */
export function createOutbound(proxy: ProxySettings, limits: OutboundLimits): Outbound {
  const options: Agent.Options = {
    headersTimeout: limits.silenceTimeout,
    bodyTimeout: limits.silenceTimeout,
    // NODE_TLS_REJECT_UNAUTHORIZED=0 in somebody's shell profile must not send a bearer to whoever answers.
    connect: { timeout: limits.connectTimeout, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
    connections: 256,
    pipelining: 1,
  }
  const direct = new Agent(options)
  const { httpProxy, httpsProxy } = proxy
  const outward =
    httpProxy || httpsProxy
      ? new EnvHttpProxyAgent({ ...options, httpProxy: httpProxy ?? '', httpsProxy: httpsProxy ?? '', noProxy: proxy.noProxy ?? '' })
      : direct
  return {
    dispatcherFor: origin => (isOnThisMachine(origin) ? direct : outward),
    close: async () => {
      await Promise.all([direct.destroy(), outward === direct ? undefined : outward.destroy()])
    },
  }
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
