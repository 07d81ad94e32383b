// `hallpass start`: the daemon that the user's configuration describes.

import type { RunningDaemon } from '../compose.ts'
import { configFor } from './config-file.ts'
import { runInForeground } from './foreground.ts'
import type { Command } from './io.ts'
import { lines } from './lines.ts'

export const runStart: Command = async (io, args) => {
  const config = await configFor(io, args)
  return runInForeground(io, config, daemon => describe(io.version, config.path ?? '', daemon))
}

function describe(version: string, path: string, { url, routes, vault }: RunningDaemon): string {
  const rows = routes.map(route => [`${url}${route.prefix}`, `${route.origin}${route.basePath}`] as const)
  return `hallpass ${version}\n\n${lines([...rows, ['configuration', path], ['tokens rest in', vault.description]])}\n`
}
