// Finds the configuration: the flag, the environment, a project file upward from the working directory, the user's own file.
import { lstatSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Paths } from './paths.ts'
import type { Environment, Flags } from './settings.ts'

/** Where the configuration may come from. */
export type ConfigPlace = {
  flags: Flags
  env: Environment
  /** The working directory, from which a project file is looked for upward. */
  cwd: string
  /** The user's home folder, where the search ends. */
  home: string
  paths: Pick<Paths, 'config' | 'state'>
}

export type ConfigLocation = {
  path: string
  /** Who named it: `--config`, HALLPASS_CONFIG, its place above the working directory, or nobody: it is the user's own. */
  by: 'flag' | 'environment' | 'project' | 'own'
}

const fileName = 'hallpass.jsonc'

/** The user's own configuration file. */
export function ownConfigPath({ paths }: Pick<ConfigPlace, 'paths'>): string {
  return join(paths.config, fileName)
}

/** The file that counts; it need not exist when somebody named it, or when it is the user's own. */
export function locateConfig(place: ConfigPlace): ConfigLocation {
  const { flags, env, cwd } = place
  if (flags.config !== undefined) return { path: resolve(cwd, flags.config), by: 'flag' }
  if (env.HALLPASS_CONFIG) return { path: resolve(cwd, env.HALLPASS_CONFIG), by: 'environment' }
  const project = findProjectFile(place)
  return project ? { path: project, by: 'project' } : { path: ownConfigPath(place), by: 'own' }
}

/** The nearest `hallpass.jsonc` from the working directory upward. The home folder and the root are where projects lie, not projects. */
export function findProjectFile(place: Pick<ConfigPlace, 'cwd' | 'home' | 'paths'>): string | undefined {
  const own = real(ownConfigPath(place))
  const home = real(place.home)
  for (let folder = real(place.cwd); folder !== home && folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, fileName)
    if (exists(path)) return real(path) === own ? undefined : path
  }
  return undefined
}

function real(path: string): string {
  return exists(path) ? realpath(path) : resolve(path)
}

/** A link that leads nowhere stands for itself: reading it says what is wrong. */
function realpath(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return resolve(path)
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}
