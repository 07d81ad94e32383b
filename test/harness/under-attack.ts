// The real daemon as a process of its own, signed in, in front of origins of the test's choice: what the attack suites throw things at.
import type { Test } from 'tap'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import type { StrictOrigin } from '../fixtures/strict-origin.ts'
import { createHome, type Home, hallpass, type RunningDaemon, startDaemon, writeConfig } from './hallpass.ts'
import { signInByForm } from './sign-in-form.ts'

export type UnderAttack = {
  home: Home
  daemon: RunningDaemon
  sandbox: Sandbox
  /** The live token of the first route; empty when nobody is signed in. */
  token: string
  /** True while it is the process that was started. */
  alive(): boolean
}

export type AttackOptions = {
  /** Settings beside profiles and routes. */
  settings?: Record<string, unknown>
  /** More for every route. */
  route?: Record<string, unknown>
  args?: string[]
  env?: Record<string, string>
  /** False leaves nobody signed in. */
  signIn?: boolean
}

/** Where a route leads. */
export type Upstream = Pick<StrictOrigin, 'origin' | 'base'>

/** Routes by prefix, each to a strict origin under its base. Everything ends with the test. */
export async function startUnderAttack(
  t: Test,
  origins: Readonly<Record<string, Upstream>>,
  { settings = {}, route = {}, args = [], env = {}, signIn = true }: AttackOptions = {},
): Promise<UnderAttack> {
  const sandbox = await startSandbox()
  const home = createHome()
  const { tenantId, clientId, url } = sandbox.identity
  const { audience } = sandbox.fhir
  writeConfig(home, {
    port: 0,
    vault: 'memory',
    ...settings,
    profiles: { dev: { tenantId, clientId, sandbox: url } },
    routes: Object.fromEntries(
      Object.entries(origins).map(([prefix, { origin, base }]) => [
        prefix,
        { origin: origin + base, kind: 'fhir', audience, profile: 'dev', ...route },
      ]),
    ),
  })
  const daemon = await startDaemon(home, ['start', ...args], { env })
  t.teardown(async () => {
    await daemon.stop()
    await sandbox.close()
    home.remove()
  })
  const alive = () => daemon.child.exitCode === null && daemon.child.signalCode === null
  if (!signIn) return { home, daemon, sandbox, token: '', alive }
  const [prefix = ''] = Object.keys(origins)
  const waiting = fetch(`${daemon.url}${prefix}/warm`)
  const [, link = ''] = await daemon.printed(/(http:\/\/localhost:\d+\/-\/sign-in\/\S+)/)
  await signInByForm(link)
  await (await waiting).arrayBuffer()
  const token = (await hallpass(home, ['token', prefix])).stdout.trim()
  return { home, daemon, sandbox, token, alive }
}
