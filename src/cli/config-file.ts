// The configuration for a command: it asks a person whether a project file is trusted.
import type { Config } from '../config/config.ts'
import { type ExaminedConfig, examineConfig } from '../config/load.ts'
import type { ConfigPlace } from '../config/locate.ts'
import { lostAccess } from '../config/own-access.ts'
import { pathsOf } from '../config/paths.ts'
import { recordTrust } from '../config/trust.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { printable } from '../terms/printable.ts'
import type { Arguments, Io } from './io.ts'
import { lines } from './lines.ts'

/** Where a command looks for its configuration. */
export function placeOf({ env, cwd, home, platform }: Io, { flags }: Pick<Arguments, 'flags'>): ConfigPlace {
  return { flags, env, cwd, home, paths: pathsOf(platform, env, home) }
}

/**
 * The configuration that counts. A project file that nobody trusted is shown and asked about, when somebody is there to answer; else, and on any
 * answer but yes, rejects with config-untrusted.
 */
export async function configFor(io: Io, args: Pick<Arguments, 'flags'>): Promise<Config> {
  const place = placeOf(io, args)
  const examined = examineConfig(place)
  if (!examined.trusted) await askForTrust(io, place, examined)
  for (const warning of examined.config.warnings) io.err(`Note: ${warning}\n`)
  return examined.config
}

async function askForTrust(io: Io, place: ConfigPlace, examined: ExaminedConfig): Promise<void> {
  const { path } = examined.location
  const answer = mayAsk(io) ? await io.ask(`${describeTrust(place, examined)}\nTrust exactly this content? [y/N] `) : ''
  if (!/^y(es)?$/i.test(answer.trim())) throw new HallpassError('config-untrusted', { path: printable(path) })
  recordTrust(place.paths.state, { sha256: examined.sha256, path, now: Date.now() })
}

function mayAsk({ inIsTerminal, errIsTerminal, env }: Io): boolean {
  return inIsTerminal && errIsTerminal && !env.HALLPASS_NO_USER
}

/** What a project file would do with the user's tokens, and which of the user's own rules on callers it does away with. */
export function describeTrust(place: ConfigPlace, { config, location }: ExaminedConfig): string {
  const routes = config.routes.map(({ prefix, origin, basePath, audience, profile }): [string, string] => [
    prefix,
    `${origin}${basePath} gets tokens for ${audience}, of profile ${profile}`,
  ])
  const profiles = [...config.profiles.values()].map(({ name, tenantId, clientId, flow, authorityHost }): [string, string] => [
    name,
    `signs in at ${authorityHost}, tenant ${tenantId}, client ${clientId} (${flow})`,
  ])
  const pages = config.settings['access.allowedOrigins'].map((origin): [string, string] => [origin, 'its pages may call'])
  return `The project file ${printable(location.path)} says where your tokens go:\n\n${lines([...routes, ...profiles, ...pages])}${describeLost(place, config)}`
}

function describeLost(place: ConfigPlace, { settings }: Config): string {
  const lost = lostAccess(place, settings)
  if (lost === 'unreadable')
    return '\nIt takes the place of your own file, which cannot be read now: what that says about who may call does not hold.\n'
  if (lost.length === 0) return ''
  const rows = lost.map(({ name, own, here }): [string, string] => [name, `${own} in your own file, ${here} here`])
  return `\nIt takes the place of your own file. These rules of yours on who may call do not hold:\n\n${lines(rows)}`
}
