// The daemon in the test's own process, in front of a sandbox, with edges that the test drives.
import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { type Edges, type RunningDaemon, startComposed } from '../../src/compose.ts'
import { configOf } from '../../src/config/load.ts'
import { pathsOf } from '../../src/config/paths.ts'
import { type ControlClient, connectControl } from '../../src/control/client/control-client.ts'
import { findInstances } from '../../src/control/client/instances.ts'
import type { Event } from '../../src/journal/events.ts'
import type { ObservedExchange } from '../../src/sandbox/contract.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts'
import { driveDate, type ManualClock, manualClock } from '../fixtures/clocks.ts'
import { createHome, type Home } from './hallpass.ts'

export type Composed = {
  daemon: RunningDaemon
  /** What the command line would talk to. */
  control: ControlClient
  sandbox: Sandbox
  home: Home
  clock: ManualClock
  /** URLs that would have opened in a browser. */
  opened: string[]
  events: Event[]
  /** What the sandbox's services were asked. */
  exchanges: ObservedExchange[]
  /** Resolves with the first event of this kind, also one that happened already. */
  told<Name extends Event['event']>(name: Name): Promise<Extract<Event, { event: Name }>>
  /** Resolves with the URL of the nth opening, the first unless said. */
  opening(nth?: number): Promise<string>
  /** Resolves when a timer waits that rings in this many milliseconds. */
  timer(ms: number): Promise<void>
  /** Resolves with the nth exchange that a service of the sandbox answered and that fits, the first unless said. */
  exchanged(fits: (exchange: ObservedExchange) => boolean, nth?: number): Promise<ObservedExchange>
}

export type ComposedOptions = {
  sandbox?: SandboxOptions
  flags?: Record<string, string>
  env?: Record<string, string>
  profile?: Record<string, unknown>
  fhirRoute?: Record<string, unknown>
  /** A second profile like the first, by this name, for the DICOM route. */
  dicomProfile?: string
  /** Routes besides `/fhir` and `/dicom`, with the same profile unless they name another. */
  routes?: Record<string, { origin: string; kind: 'fhir' | 'dicom'; audience: string }>
  /** What AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE_PATH say. */
  credentials?: Partial<Pick<Edges, 'environmentSecret' | 'environmentCertificate'>>
  /** False is a machine without a desktop. */
  desktop?: boolean
  /** Lets the whole process, MSAL and the sandbox too, live by the driven clock. */
  driveDate?: boolean
}

/** Starts sandbox and daemon, and ends both with the test. */
export async function startBoth(t: Test, options: ComposedOptions = {}): Promise<Composed> {
  const still = manualClock(Date.now())
  if (options.driveDate) driveDate(t, still)
  const sandbox = await startSandbox(options.sandbox)
  const home = createHome(options.env)
  const opened: string[] = []
  const events: Event[] = []
  const waiting = new Set<() => void>()
  const changed = () => {
    for (const look of waiting) look()
  }
  const until = <T>(find: () => T | undefined) =>
    new Promise<T>(resolve => {
      const look = () => {
        const found = find()
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  const clock: ManualClock = {
    ...still,
    after: (ms, action) => {
      const timer = still.after(ms, action)
      changed()
      return timer
    },
  }
  const edges: Edges = {
    clock,
    random: bytes => randomBytes(bytes).toString('base64url'),
    openBrowser: async url => {
      if (options.desktop === false) return false
      opened.push(url)
      changed()
      return true
    },
    env: home.env,
    platform: process.platform,
    pid: process.pid,
    isAlive: () => true,
    askSecret: undefined,
    version: 'test',
    environmentSecret: undefined,
    ...options.credentials,
    paths: pathsOf(process.platform, home.env, home.path),
    tell: event => {
      events.push(event)
      changed()
    },
  }
  const exchanges: ObservedExchange[] = []
  sandbox.observer.on('exchange', exchange => {
    exchanges.push(exchange)
    changed()
  })
  const { tenantId, clientId, url } = sandbox.identity
  const { dicomProfile = 'dev' } = options
  const document = {
    profiles: Object.fromEntries(['dev', dicomProfile].map(name => [name, { tenantId, clientId, sandbox: url, ...options.profile }])),
    routes: {
      '/fhir': { origin: sandbox.fhir.url, kind: 'fhir' as const, audience: sandbox.fhir.audience, profile: 'dev', ...options.fhirRoute },
      '/dicom': { origin: sandbox.dicom.url, kind: 'dicom' as const, audience: sandbox.dicom.audience, profile: dicomProfile },
      ...Object.fromEntries(Object.entries(options.routes ?? {}).map(([prefix, route]) => [prefix, { profile: 'dev', ...route }])),
    },
  }
  const daemon = await startComposed(configOf(document, { port: '0', vault: 'memory', ...options.flags }, {}), edges)
  t.teardown(async () => {
    await daemon.close()
    await sandbox.close()
    home.remove()
  })
  const [instance] = await findInstances(edges.paths.runtime)
  if (!instance) throw new Error('the daemon left no instance file')
  return {
    daemon,
    control: connectControl(edges.paths.runtime, instance),
    sandbox,
    home,
    clock,
    opened,
    events,
    exchanges,
    told: name => until(() => events.find((event): event is Extract<Event, { event: typeof name }> => event.event === name)),
    opening: (nth = 1) => until(() => opened[nth - 1]),
    timer: async ms => void (await until(() => clock.waiting().includes(ms) || undefined)),
    exchanged: (fits, nth = 1) => until(() => exchanges.filter(fits)[nth - 1]),
  }
}
