// The one place that builds the concrete parts of the daemon from the edges.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Broker, createBroker } from './broker/broker.ts'
import type { Config } from './config/config.ts'
import { type Paths, pathsOf } from './config/paths.ts'
import type { Environment } from './config/settings.ts'
import { createPages } from './control/pages.ts'
import { createSocketApi } from './control/socket-api.ts'
import { createStatusReport } from './control/status-report.ts'
import { type Daemon, refuseSecondDaemon, startDaemon } from './daemon/daemon.ts'
import { createHandler } from './daemon/handler.ts'
import { securePrivateFolder } from './daemon/instance.ts'
import { createOpenBrowser } from './daemon/open-browser.ts'
import type { HallpassError } from './errors/hallpass-error.ts'
import { explainAadsts } from './explain/aadsts.ts'
import { handleCallback, isCallback } from './identity/callback.ts'
import type { Identity } from './identity/identity.ts'
import { createMsalIdentity } from './identity/msal-identity.ts'
import { describeEvent, type Tell } from './journal/events.ts'
import { createOutbound, proxySettingsOf } from './network/outbound.ts'
import { createProxy } from './proxy/proxy.ts'
import type { Clock, OpenBrowser, Random } from './terms/edges.ts'
import type { Route } from './terms/route.ts'
import { openKeychain } from './vault/keychain.ts'
import { type OpenedVault, openVault } from './vault/open-vault.ts'
import { openDocument, type VaultDocument } from './vault/vault-document.ts'

/** Everything that the daemon takes from outside. */
export type Edges = {
  clock: Clock
  random: Random
  openBrowser: OpenBrowser
  env: Environment
  platform: NodeJS.Platform
  pid: number
  version: string
  paths: Paths
  tell: Tell
}

/** What the process knows of itself and its surroundings. */
export type Surroundings = Pick<Edges, 'env' | 'platform' | 'pid' | 'version'> & { home: string; err(text: string): void }

/** The real edges: the system's clock, randomness and browser, events as lines on stderr. */
export function systemEdges({ env, platform, pid, version, home, err }: Surroundings): Edges {
  return {
    clock: systemClock,
    random: bytes => randomBytes(bytes).toString('base64url'),
    openBrowser: createOpenBrowser(platform, env),
    env,
    platform,
    pid,
    version,
    paths: pathsOf(platform, env, home),
    tell: event => err(`${describeEvent(event)}\n`),
  }
}

const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, ms).unref()
    return { cancel: () => clearTimeout(timer) }
  },
}

export type RunningDaemon = {
  url: string
  port: number
  addresses: string[]
  routes: readonly Route[]
  vault: { description: string; warning: HallpassError | undefined }
  /** Resolves when somebody asked over the control socket to stop. */
  stopAsked: Promise<void>
  /** Ends sign-ins, exchanges and sockets, and writes what the vault still owes. */
  close(): Promise<void>
}

/** Milliseconds that exchanges under way have when the daemon stops. */
const grace = 3_000

/** Builds and starts the daemon that a configuration describes. Rejects with a HallpassError, leaving nothing open. */
export async function startComposed(config: Config, edges: Edges): Promise<RunningDaemon> {
  const { settings } = config
  const { paths, clock, tell, env } = edges
  await refuseSecondDaemon(paths.runtime, settings.port, settings.vault === 'memory' ? 'memory' : 'keychain')
  const { vault, document } = await openSecrets(config, edges)
  const outbound = createOutbound(proxySettingsOf(env), {
    connectTimeout: settings.connectTimeoutSeconds * 1000,
    silenceTimeout: settings.originTimeoutSeconds * 1000,
  })
  const own = { port: settings.port }
  const urlOf = (path: string) => `http://localhost:${own.port}${path}`
  const identities = composeIdentities(config, edges, document, outbound.dispatcherFor, () => own.port)
  const broker = createBroker({
    ...edges,
    routes: config.routes,
    identities,
    linkOf: id => urlOf(`/-/sign-in/${id}`),
    signInPage: () => urlOf('/-/sign-in'),
    flush: () => document.flush(),
    waitSeconds: settings.signInWaitSeconds,
    limitSeconds: settings.signInLimitSeconds,
    maxWaiting: settings.maxWaitingRequests,
  })
  const pages = createPages({ broker, routes: config.routes, version: edges.version })
  await pages.ready()
  const stop = createStop()
  const startedAt = new Date(clock.now()).toISOString()
  let daemon: Daemon | undefined
  const status = createStatusReport({
    broker,
    config,
    about: { hallpass: edges.version, pid: edges.pid, startedAt },
    vault: { kind: vault.store.kind, description: vault.store.describe(), warning: vault.warning?.summary ?? null },
    address: () => ({ url: urlOf(''), listening: daemon?.addresses ?? [] }),
  })
  const socketApi = createSocketApi({ broker, routes: config.routes, status, stop: stop.ask })
  const handler = createHandler({
    policy: { port: settings.port, allowedOrigins: new Set(), extraHosts: new Set() },
    proxy: createProxy({
      routes: config.routes,
      broker,
      dispatcherFor: outbound.dispatcherFor,
      tell,
      silenceSeconds: settings.originTimeoutSeconds,
      interactive: !env.HALLPASS_NO_USER,
    }),
    pages: (request, response) => pages.routing(request, response),
    ...composeCallback(identities, broker),
    tell,
  })
  try {
    daemon = await startDaemon({ ...edges, runtime: paths.runtime, port: settings.port, vault: vault.store.kind, handler, socketApi })
  } catch (error) {
    await outbound.close()
    throw error
  }
  own.port = daemon.port
  return {
    url: urlOf(''),
    port: daemon.port,
    addresses: daemon.addresses,
    routes: config.routes,
    vault: { description: vault.store.describe(), warning: vault.warning },
    stopAsked: stop.asked,
    close: async () => {
      broker.close()
      await daemon?.close(grace)
      await outbound.close()
      await pages.close()
      await document.flush()
    },
  }
}

async function openSecrets(
  { settings }: Config,
  { paths, env, clock, tell }: Edges,
): Promise<{ vault: OpenedVault; document: VaultDocument }> {
  securePrivateFolder(paths.state)
  const childPath = fileURLToPath(new URL('./vault/keychain-child.js', import.meta.url))
  const keychain = openKeychain({ childPath, env, clock, service: 'hallpass', account: 'vault' })
  const vault = await openVault(settings.vault, { keychain, markerPath: join(paths.state, 'vault.json') })
  const onTrouble = ({ code, summary, remedy }: HallpassError) => tell({ event: 'vault-trouble', code, summary, remedy })
  const document = await openDocument(vault.store, { clock, written: vault.written, onTrouble })
  return { vault, document }
}

function composeIdentities(
  { profiles }: Config,
  { random }: Edges,
  document: VaultDocument,
  dispatcherFor: Parameters<typeof createMsalIdentity>[0]['dispatcherFor'],
  ownPort: () => number,
): Map<string, Identity> {
  return new Map(
    [...profiles].map(([name, profile]) => {
      const entry = `msal:${profile.sandbox ?? profile.authorityHost}:${profile.tenantId}:${profile.clientId}:${name}`
      const cache = {
        get: () => document.get(entry),
        set: (text: string | undefined) => document.set(entry, text),
        setAside: (text: string) => document.set(`${entry}:unreadable`, text),
      }
      return [name, createMsalIdentity({ profile, ownPort, dispatcherFor, cache, random, explain: explainAadsts })]
    }),
  )
}

function composeCallback(identities: ReadonlyMap<string, Identity>, { signIns }: Broker) {
  const paths = new Set([...identities.values()].map(({ callbackPath }) => callbackPath))
  return {
    isCallback: (method: string, target: string) => isCallback(method, target, paths),
    callback: (request: IncomingMessage, response: ServerResponse) => {
      handleCallback(request, response, async answer => {
        const signIn = await signIns.complete(answer)
        return signIn && `/-/sign-in/${signIn.id}`
      })
    },
  }
}

function createStop(): { ask: () => void; asked: Promise<void> } {
  let ask: () => void = () => undefined
  const asked = new Promise<void>(resolve => {
    ask = resolve
  })
  return { ask, asked }
}
