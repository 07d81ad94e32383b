// The broker alone, with real identities in front of a sandbox: for what no request over HTTP can ask of it.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Test } from 'tap'
import { type Broker, type BrokerParts, createBroker } from '../../src/broker/broker.ts'
import type { Config } from '../../src/config/config.ts'
import { configOf } from '../../src/config/load.ts'
import { explainAadsts } from '../../src/explain/aadsts.ts'
import { handleCallback } from '../../src/identity/callback.ts'
import { createIdentity } from '../../src/identity/create-identity.ts'
import type { Event } from '../../src/journal/events.ts'
import { createOutbound, proxySettingsOf } from '../../src/network/outbound.ts'
import { tlsOptions } from '../../src/network/tls.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts'
import type { Route } from '../../src/terms/route.ts'
import { driveDate, type ManualClock, manualClock } from '../fixtures/clocks.ts'
import { signInByForm } from './sign-in-form.ts'

export type Brokered = {
  broker: Broker
  sandbox: Sandbox
  clock: ManualClock
  fhir: Route
  dicom: Route
  events: Event[]
  /** URLs that would have opened in a browser. */
  opened: string[]
  /** What the vault holds for the profile. */
  cached(): string | undefined
  /** How many token requests of this kind the sandbox answered. */
  grants(type: string): number
  /** Somebody signs in, as after `hallpass login`. */
  signIn(): Promise<void>
}

export type BrokeredOptions = {
  sandbox?: SandboxOptions
  profile?: Record<string, unknown>
  secret?: (sandbox: Sandbox) => string
  /** How the vault's writes go; at once unless said. */
  flush?: BrokerParts['flush']
  holdRedirect?: BrokerParts['holdRedirect']
}

/** Starts both on a clock that the test drives, by which MSAL and the sandbox live too. */
export async function startBroker(t: Test, options: BrokeredOptions = {}): Promise<Brokered> {
  const clock = manualClock(Date.now())
  driveDate(t, clock)
  const sandbox = await startSandbox(options.sandbox)
  const config = configOf(documentFor(sandbox, options.profile), { vault: 'memory' }, {})
  const outbound = createOutbound(
    proxySettingsOf({}),
    { connectTimeout: 10_000, silenceTimeout: 60_000, answerTimeout: 60_000, maxHeadBytes: 16_384, maxConnections: 16 },
    tlsOptions({ caFile: '', nodeExtraCaCerts: undefined }),
  )
  const vault = new Map<string, string>()
  const events: Event[] = []
  const opened: string[] = []
  const counts = new Map<string, number>()
  sandbox.observer.on('exchange', ({ grantType = '' }) => counts.set(grantType, (counts.get(grantType) ?? 0) + 1))
  const server = createServer((request, response) =>
    handleCallback(request, response, clock, async answer => ((await broker.signIns.complete(answer)) ? '/done' : undefined)),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const random = (bytes: number) => randomBytes(bytes).toString('base64url')
  const identities = identitiesOf(config, {
    vault,
    clock,
    random,
    port,
    dispatcherFor: outbound.dispatcherFor,
    secret: options.secret?.(sandbox),
  })
  const broker = createBroker({
    ...{ clock, random, routes: config.routes, identities },
    flowOf: profile => config.profiles.get(profile)?.flow,
    openBrowser: async url => opened.push(url) > 0,
    tell: event => void events.push(event),
    openingLinkOf: secret => `http://localhost:${port}/-/sign-in/once/${secret}`,
    linkOf: id => `http://localhost:${port}/-/sign-in/${id}`,
    signInPage: () => `http://localhost:${port}/-/sign-in`,
    holdRedirect: options.holdRedirect ?? (async () => () => undefined),
    flush: options.flush ?? (async () => undefined),
    canKeep: async () => undefined,
    ...{ waitSeconds: 120, limitSeconds: 600, maxWaiting: 64 },
  })
  t.teardown(async () => {
    server.close()
    server.closeAllConnections()
    await outbound.close()
    await sandbox.close()
  })
  const [fhir, dicom] = config.routes as [Route, Route]
  return {
    ...{ broker, sandbox, clock, fhir, dicom, events, opened },
    cached: () => vault.get('dev'),
    grants: type => counts.get(type) ?? 0,
    signIn: async () => {
      const { authorizationUrl = '', outcome } = await broker.signIn('dev', { open: 'never' })
      await signInByForm(authorizationUrl)
      await outcome
    },
  }
}

function documentFor({ identity, fhir, dicom }: Sandbox, profile: Record<string, unknown> = {}) {
  return {
    profiles: { dev: { tenantId: identity.tenantId, clientId: identity.clientId, sandbox: identity.url, ...profile } },
    routes: {
      '/fhir': { origin: fhir.url, kind: 'fhir' as const, audience: fhir.audience, profile: 'dev' },
      '/dicom': { origin: dicom.url, kind: 'dicom' as const, audience: dicom.audience, profile: 'dev' },
    },
  }
}

type Sources = {
  vault: Map<string, string>
  clock: ManualClock
  random: (bytes: number) => string
  port: number
  dispatcherFor: Parameters<typeof createIdentity>[0]['dispatcherFor']
  secret: string | undefined
}

function identitiesOf({ profiles }: Config, { vault, clock, random, port, dispatcherFor, secret }: Sources) {
  return new Map(
    [...profiles].map(([name, profile]) => [
      name,
      createIdentity({
        profile,
        ownPort: () => port,
        dispatcherFor,
        cache: {
          get: () => vault.get(name),
          set: text => void (text === undefined ? vault.delete(name) : vault.set(name, text)),
          setAside: () => undefined,
        },
        credentials: () => ({ usable: secret === undefined ? [] : [{ kind: 'secret', secret }] }),
        proved: () => undefined,
        random,
        clock,
        explain: code => explainAadsts(code, profile),
        grantEnded: () => undefined,
      }),
    ]),
  )
}
