// Builds the concrete parts of the daemon from the edges, and starts it.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Assembly, assemble } from './compose/assembly.ts'
import { watchExpiry } from './compose/credentials/expiry-watch.ts'
import { createRotation } from './compose/credentials/rotation.ts'
import type { Edges } from './compose/edges.ts'
import { type Guarding, reportAccess, startGuarding } from './compose/guarding.ts'
import { composeLogging, type Logging } from './compose/logging.ts'
import { type Current, followConfig, type Reload } from './compose/reload.ts'
import { createTokenCaches } from './compose/token-caches.ts'
import { type OpenedSecrets, openSecrets } from './compose/vault.ts'
import type { Config } from './config/config.ts'
import { proofOf } from './control/client/challenge.ts'
import type { AccessReport } from './control/client/wire.ts'
import { createHttpApi } from './control/http-api.ts'
import { createSocketApi } from './control/socket-api.ts'
import { createStatusReport } from './control/status-report.ts'
import { refuseSecondDaemon, startDaemon } from './daemon/daemon.ts'
import { HallpassError } from './errors/hallpass-error.ts'
import type { Journal } from './journal/journal.ts'
import { createOutbound, proxySettingsOf } from './network/outbound.ts'
import { tlsOptions } from './network/tls.ts'
import { createLiveExchanges } from './proxy/live-exchanges.ts'
import type { Route } from './terms/route.ts'

export type { Certificates, CertificatesOfProfile } from './compose/credentials/certificates.ts'
export type { Secrets, SecretsOfProfile } from './compose/credentials/secrets.ts'
export { type Edges, systemEdges } from './compose/edges.ts'
export type { Reload } from './compose/reload.ts'

export type RunningDaemon = {
  url: string
  port: number
  addresses: string[]
  routes: readonly Route[]
  vault: { description: string; warning: HallpassError | undefined }
  access: AccessReport
  /** Resolves when somebody asked over the control socket to stop. */
  stopAsked: Promise<void>
  /** Ends sign-ins, exchanges and sockets, and writes what the vault still owes. */
  close(): Promise<void>
}

/** Milliseconds that exchanges under way have when the daemon stops. */
const grace = 3_000

/** Builds and starts the daemon that a configuration describes, and follows its changes. Rejects with a HallpassError, leaving nothing open. */
export async function startComposed(config: Config, outerEdges: Edges, reload?: Reload): Promise<RunningDaemon> {
  const logging = composeLogging(config.settings, outerEdges)
  const edges = { ...outerEdges, tell: logging.tell }
  await refuseSecondDaemon(edges.paths.runtime, config.settings.port, config.settings.vault)
  const secrets = await openSecrets(config, edges)
  try {
    return await startWith(secrets, logging, config, edges, reload)
  } catch (error) {
    await secrets.close()
    await logging.close()
    throw error
  }
}

async function startWith(secrets: OpenedSecrets, logging: Logging, config: Config, edges: Edges, reload?: Reload): Promise<RunningDaemon> {
  const { settings } = config
  const { journal } = logging
  const { runtime } = edges.paths
  const { vault, document } = secrets
  const limits = {
    connectTimeout: settings.connectTimeoutSeconds * 1000,
    answerTimeout: settings.answerTimeoutSeconds * 1000,
    silenceTimeout: settings.silenceTimeoutSeconds * 1000,
    maxHeadBytes: settings.maxAnswerHeadBytes,
    maxConnections: settings.maxServiceConnections,
  }
  const tls = tlsOptions({ caFile: settings.caFile, nodeExtraCaCerts: edges.env.NODE_EXTRA_CA_CERTS })
  const outbound = createOutbound(proxySettingsOf(edges.env), limits, tls)
  const own = { port: settings.port, addresses: [] as string[] }
  const urlOf = () => `http://localhost:${own.port}`
  const rotation = createRotation(edges.tell)
  const guarding = await startGuarding(settings, edges, () => own.port)
  const stop = createStop()
  const current = () => holder.assembly
  const apiParts = {
    current,
    status: composeStatus(current, { ...secrets, journal }, edges, guarding, () => ({ url: urlOf(), listening: own.addresses })),
    prove: (nonce: string) => proofOf(guarding.keys.control, nonce),
    stop: stop.ask,
  }
  const httpApi = createHttpApi(apiParts)
  await httpApi.ready()
  const api = (request: IncomingMessage, response: ServerResponse) => httpApi.routing(request, response)
  const [live, tokenCaches] = [createLiveExchanges(), createTokenCaches(document)]
  const assembleWith = (next: Config) =>
    assemble(next, { edges, document, tokenCaches, live, outbound, journal, rotation, guarding, api, ownPort: () => own.port })
  const holder: Current = { assembly: await assembleWith(config) }
  try {
    const socketApi = createSocketApi(apiParts)
    const daemon = await startDaemon({
      ...edges,
      runtime,
      port: settings.port,
      vault: vault.store.kind,
      handler: (request, response, expectsContinue) => current().handler(request, response, expectsContinue),
      peers: guarding.peerCheck.peers,
      allowUids: () => current().admission.allowUids,
      keys: guarding.keys,
      limits: {
        headTimeout: settings.headTimeoutSeconds * 1000,
        maxHeadBytes: settings.maxHeadBytes,
        maxConnections: settings.maxConnections,
      },
      socketApi,
    })
    Object.assign(own, { port: daemon.port, addresses: daemon.addresses })
    const expiry = watchExpiry(() => current().credentials.deadlines(), edges.clock, edges.tell)
    const following = reload && followConfig(reload, edges, holder, assembleWith)
    return {
      url: urlOf(),
      port: daemon.port,
      addresses: daemon.addresses,
      routes: config.routes,
      vault: { description: vault.store.describe(), warning: vault.warning },
      access: reportAccess(config, guarding),
      stopAsked: stop.asked,
      close: async () => {
        following?.close()
        expiry.close()
        const reason = new HallpassError('shutting-down')
        current().broker.close(reason)
        await daemon.close(grace)
        await current().close(reason)
        await httpApi.close()
        await outbound.close()
        await secrets.close()
        await logging.close()
      },
    }
  } catch (error) {
    await current().close(new HallpassError('shutting-down'))
    await outbound.close()
    throw error
  }
}

function composeStatus(
  current: () => Assembly,
  { vault: { store, warning }, document, journal }: OpenedSecrets & { journal: Journal },
  edges: Edges,
  guarding: Guarding,
  address: () => { url: string; listening: string[] },
) {
  const about = { hallpass: edges.version, pid: edges.pid, startedAt: new Date(edges.clock.now()).toISOString() }
  const vault = () => ({
    kind: store.kind,
    description: store.describe(),
    warning: (document.trouble() ?? warning)?.summary ?? null,
  })
  return createStatusReport({ current, about, vault, journal, address, access: () => reportAccess(current().config, guarding) })
}

function createStop(): { ask: () => void; asked: Promise<void> } {
  let ask: () => void = () => undefined
  const asked = new Promise<void>(resolve => {
    ask = resolve
  })
  return { ask, asked }
}
