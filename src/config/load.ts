// Loads the configuration that counts here and now: finds the file, reads it, and checks it before anything starts.
import { resolve } from 'node:path'
import { HallpassError } from '../errors/hallpass-error.ts'
import { printable } from '../terms/printable.ts'
import { azureEnvironment } from './azure-environment.ts'
import type { Config } from './config.ts'
import { type ConfigLocation, type ConfigPlace, locateConfig, ownConfigPath } from './locate.ts'
import { parseConfig } from './parse.ts'
import { readConfigFile } from './read-file.ts'
import { resolveDocument } from './resolve.ts'
import type { ConfigDocument } from './schema.ts'
import { type Environment, type Flags, resolveSettings, warnOfNames } from './settings.ts'
import { createSources } from './sources.ts'
import { contentHash, isTrusted } from './trust.ts'
import { findShapeFaults } from './validate.ts'

/** A configuration that is valid, and whether it may be used. */
export type ExaminedConfig = {
  config: Config
  location: ConfigLocation
  /** The hash by which a project file is trusted. */
  sha256: string
  /** False for a project file whose content nobody trusted yet. */
  trusted: boolean
}

/** The configuration that counts. Throws a HallpassError of the config- family: config-untrusted for a project file that nobody trusted. */
export function loadConfig(place: ConfigPlace): Config {
  const { config, location, trusted } = examineConfig(place)
  if (!trusted) throw new HallpassError('config-untrusted', { path: printable(location.path) })
  return config
}

/**
 * The configuration that counts, trusted or not: to show it, or to ask. `project` is the path of a project file to look at in its place.
 * Throws like loadConfig, but never config-untrusted.
 */
export function examineConfig(place: ConfigPlace, { project }: { project?: string } = {}): ExaminedConfig {
  const location: ConfigLocation = project === undefined ? locateConfig(place) : { path: resolve(place.cwd, project), by: 'project' }
  const { flags, env, paths } = place
  const isProject = location.by === 'project'
  // What is hashed is what is parsed: the file is read once.
  const text = readConfigFile(location.path, { pinned: isProject })
  const { values, resolved, sources, note } = parseConfig(text, location.path, {
    azure: azureEnvironment(env),
    ...(isProject && { project: { ownPath: ownConfigPath(place) } }),
  })
  const { profiles, routes, warnings } = resolved
  const settings = resolveSettings(flags, env, values, note)
  const sha256 = contentHash(text)
  return {
    config: { path: location.path, settings, profiles, routes, warnings: [...warnings, ...warnOfNames(env)], sources },
    location,
    sha256,
    trusted: !isProject || isTrusted(paths.state, sha256),
  }
}

/** A configuration that was built in code, checked by the same rules. The environment of the Azure SDKs has no say in it. */
export function configOf(values: ConfigDocument, flags: Flags, env: Environment): Config {
  const { sources, note } = createSources()
  const shape = findShapeFaults(values)
  const resolved = shape.length > 0 ? undefined : resolveDocument(values, azureEnvironment({}), note)
  const [fault] = [...shape, ...(resolved?.faults ?? [])]
  if (fault || !resolved) throw new HallpassError('internal', { what: `${fault?.path.join('.')}: ${fault?.what}` })
  const { profiles, routes, warnings } = resolved
  return { path: undefined, settings: resolveSettings(flags, env, values, note), profiles, routes, warnings, sources }
}
