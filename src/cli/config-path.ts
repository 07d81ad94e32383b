// `hallpass config path`: which file counts, why, and which others were looked for. The path alone is on stdout, for scripts.
import { existsSync } from 'node:fs'
import { findProjectFile, locateConfig, ownConfigPath } from '../config/locate.ts'
import { printable } from '../terms/printable.ts'
import { placeOf } from './config-file.ts'
import { type Command, exitCodes } from './io.ts'
import { lines } from './lines.ts'
import { outputFormat } from './parse.ts'

type Candidate = { by: string; path: string | null; exists: boolean; used: boolean }

export const printConfigPath: Command = async (io, args) => {
  const format = outputFormat(args, 'config path')
  const place = placeOf(io, args)
  const { path, by } = locateConfig(place)
  const candidate = (name: string, found: string | undefined): Candidate => ({
    by: name,
    path: found ?? null,
    exists: found !== undefined && existsSync(found),
    used: name === by,
  })
  const candidates = [
    candidate('flag', args.flags.config === undefined ? undefined : by === 'flag' ? path : args.flags.config),
    candidate('environment', io.env.HALLPASS_CONFIG || undefined),
    candidate('project', findProjectFile(place)),
    candidate('own', ownConfigPath(place)),
  ]
  if (format === 'json') io.out(`${JSON.stringify({ version: 1, path, by, exists: existsSync(path), candidates }, null, 2)}\n`)
  else {
    io.out(`${path}\n`)
    io.err(lines(candidates.map(candidate => [names[candidate.by] ?? candidate.by, describe(candidate)])))
  }
  return exitCodes.ok
}

const names: Readonly<Record<string, string>> = {
  flag: '--config',
  environment: 'HALLPASS_CONFIG',
  project: 'project file',
  own: 'your own file',
}

function describe({ by, path, exists, used }: Candidate): string {
  if (path === null) return by === 'project' ? 'none in this folder or above it' : 'not given'
  return `${printable(path)}${exists ? '' : ', which does not exist'}${used ? ': this one counts' : ''}`
}
