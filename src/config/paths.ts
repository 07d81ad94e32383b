// Where things lie on each operating system.
import { join } from 'node:path'
import type { Environment } from './settings.ts'

export type Paths = {
  /** The user's configuration. */
  config: string
  /** What outlives the daemon. */
  state: string
  /** What lives as long as the daemon: instance file and control socket. */
  runtime: string
}

/** The folders by the OS's own rules (XDG Base Directory on Linux); none of them needs to exist. */
export function pathsOf(platform: NodeJS.Platform, env: Environment, home: string): Paths {
  if (platform === 'darwin') {
    const base = join(home, 'Library', 'Application Support', 'hallpass')
    return { config: base, state: join(base, 'state'), runtime: join(base, 'run') }
  }
  if (platform === 'win32') {
    const local = join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'hallpass')
    return { config: join(env.APPDATA || join(home, 'AppData', 'Roaming'), 'hallpass'), state: local, runtime: join(local, 'run') }
  }
  const state = join(absolute(env.XDG_STATE_HOME) ?? join(home, '.local', 'state'), 'hallpass')
  const runtime = absolute(env.XDG_RUNTIME_DIR)
  return {
    config: join(absolute(env.XDG_CONFIG_HOME) ?? join(home, '.config'), 'hallpass'),
    state,
    runtime: runtime ? join(runtime, 'hallpass') : join(state, 'run'),
  }
}

/** The specification tells to ignore relative paths. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') ? path : undefined
}
