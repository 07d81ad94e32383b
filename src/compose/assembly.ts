// The parts that follow the configuration: identities, broker, proxy, pages. A new configuration gets a new assembly.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Broker, createBroker } from '../broker/broker.ts'
import type { Config } from '../config/config.ts'
import type { ExplainParts } from '../control/explain-page.ts'
import { createPages } from '../control/pages.ts'
import { openingPath, signInPath } from '../control/sign-in-pages.ts'
import { createHandler, type Handler } from '../daemon/handler.ts'
import { createRedirectListener } from '../daemon/redirect-listener.ts'
import { reportRefused } from '../daemon/refused-connections.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { explainAadsts } from '../explain/aadsts.ts'
import type { Admission } from '../guard/admission.ts'
import { handleCallback, isCallback } from '../identity/callback.ts'
import type { IdentityParts } from '../identity/client-application.ts'
import { createIdentity } from '../identity/create-identity.ts'
import type { Identity } from '../identity/identity.ts'
import type { Journal } from '../journal/journal.ts'
import type { Outbound } from '../network/outbound.ts'
import { askForChallenge } from '../proxy/ask-challenge.ts'
import { isForwarded } from '../proxy/fields.ts'
import { createLinks } from '../proxy/links.ts'
import type { LiveExchanges } from '../proxy/live-exchanges.ts'
import { createLocalise } from '../proxy/localise.ts'
import { createMapBack } from '../proxy/map-back.ts'
import { createProxy } from '../proxy/proxy.ts'
import { matchRoute } from '../proxy/target.ts'
import { refuseTokenEcho } from '../proxy/token-echo.ts'
import type { Clock } from '../terms/edges.ts'
import type { Route } from '../terms/route.ts'
import type { VaultDocument } from '../vault/vault-document.ts'
import { type Credentials, composeCredentials } from './credentials/credentials.ts'
import type { Rotation } from './credentials/rotation.ts'
import type { Edges } from './edges.ts'
import { composeAdmission, composePolicy, type Guarding } from './guarding.ts'
import type { TokenCaches } from './token-caches.ts'
import { cacheEntry } from './vault-entries.ts'

export type Assembly = {
  config: Config
  broker: Broker
  credentials: Credentials
  explain: ExplainParts
  handler: Handler
  admission: Admission
  /** Ends what waits for a person with this reason, and closes what a sign-in had opened. */
  close(reason: HallpassError): Promise<void>
}

/** What outlives a change of the configuration. */
export type Lasting = {
  edges: Edges
  document: VaultDocument
  tokenCaches: TokenCaches
  /** Those of earlier configurations too: a sign-out ends them all. */
  live: LiveExchanges
  outbound: Outbound
  rotation: Rotation
  journal: Journal
  guarding: Guarding
  api: Handle
  ownPort: () => number
}
type Handle = (request: IncomingMessage, response: ServerResponse) => void

/** Builds them; nothing of it acts before the first request. */
export async function assemble(config: Config, lasting: Lasting): Promise<Assembly> {
  const { settings, routes } = config
  const { edges, document, outbound, journal, live, ownPort, guarding, api } = lasting
  const { clock, tell, env } = edges
  const urlOf = (path: string) => `http://localhost:${ownPort()}${path}`
  const policy = composePolicy(config, ownPort)
  const admission = composeAdmission(config, guarding)
  const credentials = await composeCredentials(config.profiles, lasting)
  const identities = composeIdentities(config, credentials, lasting)
  const broker = createBroker({
    ...edges,
    routes,
    identities,
    flowOf: profile => config.profiles.get(profile)?.flow,
    linkOf: id => urlOf(signInPath(id)),
    openingLinkOf: secret => urlOf(openingPath(secret)),
    signInPage: () => urlOf('/-/sign-in'),
    holdRedirect: profile => holdRedirect(profile),
    flush: () => document.flush(),
    canKeep: () => document.probe(),
    waitSeconds: settings.signInWaitSeconds,
    limitSeconds: settings.signInLimitSeconds,
    maxWaiting: settings.maxWaitingRequests,
  })
  broker.onSignedOut(() => guarding.keys.rotate())
  const explain: ExplainParts = {
    ...{ journal, routes },
    askForChallenge: route => askForChallenge(route, outbound.dispatcherFor(route.origin)),
  }
  const app = createPages({ broker, explain, routes, version: edges.version })
  await app.ready()
  const pages = (request: IncomingMessage, response: ServerResponse) => app.routing(request, response)
  const callback = composeCallback(identities, broker, clock)
  const listener = createRedirectListener({ clock, policy, admission, pages, ...callback, refused: reportRefused(tell, clock) })
  const holdRedirect = async (profile: string) => {
    const port = config.profiles.get(profile)?.redirectUri.port
    return port === undefined || port === ownPort() ? () => undefined : listener.hold(port)
  }
  const findLinks = createLinks({ routes, ownPort, extraHosts: policy.extraHosts })
  const forwardFields = forwardFieldsOf(config)
  const proxy = createProxy({
    routes,
    broker,
    dispatcherFor: outbound.dispatcherFor,
    clock,
    tell,
    journal,
    live,
    timeouts: {
      connect: settings.connectTimeoutSeconds,
      answer: settings.answerTimeoutSeconds,
      silence: settings.silenceTimeoutSeconds,
      client: settings.clientTimeoutSeconds,
    },
    forwardFields,
    urlOf,
    interactive: !env.HALLPASS_NO_USER,
    requestSteps: [createMapBack(findLinks)],
    answerSteps: [refuseTokenEcho, createLocalise(findLinks)],
  })
  return {
    config,
    broker,
    credentials,
    explain,
    handler: createHandler({ policy, admission, proxy, forwards: forwardsBy(routes, forwardFields), pages, api, ...callback, tell }),
    admission,
    close: async reason => {
      broker.close(reason)
      listener.close()
      await app.close()
    },
  }
}

/** What the routes forward beside the known fields, by their prefixes: their own, and what the setting of the same name adds to all. */
function forwardFieldsOf({ settings, routes }: Config): Map<string, ReadonlySet<string>> {
  const every = settings.forwardFields.map(name => name.toLowerCase())
  const entries = routes.map(({ prefix, forwardFields = [] }) => [prefix, new Set([...every, ...forwardFields])] as const)
  return new Map(entries.filter(([, names]) => names.size > 0))
}

/** Whether a route takes a field, by its name in small letters, on to its service. */
function forwardsBy(routes: readonly Route[], more: ReadonlyMap<string, ReadonlySet<string>>) {
  return (name: string, target: string) => isForwarded(name) || (more.get(matchRoute(routes, target)?.prefix ?? '')?.has(name) ?? false)
}

function composeIdentities(
  { profiles }: Config,
  credentials: Credentials,
  { edges, document, tokenCaches, outbound, ownPort }: Lasting,
): Map<string, Identity> {
  return new Map(
    [...profiles].map(([name, profile]) => {
      const entry = cacheEntry(profile)
      const kept = tokenCaches.open(entry)
      const aside = `${entry}:unreadable`
      const cache = {
        get: kept.get,
        set: kept.set,
        setAside: (text: string) => {
          document.set(aside, text)
          const { code, summary, remedy } = new HallpassError('token-cache-unreadable', { profile: name })
          edges.tell({ event: 'vault-trouble', code, summary, remedy })
        },
      }
      const { random, clock } = edges
      const own: Pick<IdentityParts, 'credentials' | 'proved'> = {
        credentials: () => credentials.of(profile),
        proved: (taken, refused) => credentials.proved(profile, taken, refused),
      }
      const identity = createIdentity({
        ...{ profile, ownPort, dispatcherFor: outbound.dispatcherFor, cache, ...own, random, clock },
        explain: code => explainAadsts(code, profile),
        grantEnded: ({ audience, what, fix }) => {
          const { code, summary, remedy } = new HallpassError('grant-ended', { profile: name, what, fix })
          edges.tell({ event: 'grant-ended', profile: name, audience, code, summary, remedy })
        },
      })
      const forget = async () => {
        kept.forget()
        await identity.forget()
        // It may still hold a refresh token.
        document.set(aside, undefined)
      }
      return [name, { ...identity, forget }]
    }),
  )
}

function composeCallback(identities: ReadonlyMap<string, Identity>, { signIns }: Broker, clock: Clock) {
  const paths = new Set([...identities.values()].flatMap(({ callbackPath }) => callbackPath ?? []))
  return {
    isCallback: (method: string, target: string) => isCallback(method, target, paths),
    callback: (request: IncomingMessage, response: ServerResponse) => {
      handleCallback(request, response, clock, async answer => {
        const signIn = await signIns.complete(answer)
        return signIn && signInPath(signIn.id)
      })
    },
  }
}
