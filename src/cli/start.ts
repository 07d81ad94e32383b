// `hallpass start`: the daemon that the user's configuration describes.
import type { RunningDaemon } from '../compose.ts'
import { loadConfig } from '../config/load.ts'
import { trustPath } from '../config/trust.ts'
import { configFor, placeOf } from './config-file.ts'
import { runInForeground } from './foreground.ts'
import type { Command } from './io.ts'
import { lines } from './lines.ts'

export const runStart: Command = async (io, args) => {
  const config = await configFor(io, args)
  const path = config.path ?? ''
  const place = placeOf(io, args)
  const reload = { path, load: () => loadConfig(place), alsoOn: [trustPath(place.paths.state)] }
  return runInForeground(io, config, { describe: daemon => describe(io.version, path, daemon), reload })
}

function describe(version: string, path: string, { url, routes, vault }: RunningDaemon): string {
  const rows = routes.map(route => [`${url}${route.prefix}`, `${route.origin}${route.basePath}`] as const)
  const about = lines([...rows, ['configuration', path], ['tokens rest in', vault.description]])
  return `hallpass ${version}\n\n${about}\n`
}
