// The traces that a running daemon leaves for the command line: a small file and a control socket, in a folder that only the user can enter.
import { randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { instanceFile } from '../control/client/instances.ts'
import type { Instance } from '../control/client/wire.ts'
import { HallpassError } from '../errors/hallpass-error.ts'

/** Makes the folder, or makes sure that the one there is ours and closed to others. Throws state-folder-unsafe. */
export function securePrivateFolder(path: string): void {
  const refuse = (why: string) => new HallpassError('state-folder-unsafe', { path, why })
  makeFolder(path, refuse)
  const { uid, mode } = folderAt(path, refuse)
  const own = process.getuid?.()
  if (own === undefined) return
  if (uid !== own) throw refuse('it belongs to another user')
  if (mode & 0o077) throw refuse('other users may enter it')
}

function makeFolder(path: string, refuse: (why: string) => HallpassError): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST') throw refuse(code === 'EACCES' ? 'it cannot be made: permission denied' : `it cannot be made: ${code}`)
  }
}

function folderAt(path: string, refuse: (why: string) => HallpassError) {
  const stats = lstatSync(path)
  if (stats.isSymbolicLink()) throw refuse('it is a symbolic link')
  if (!stats.isDirectory()) throw refuse('it is not a folder')
  return stats
}

/** Where a daemon on this port has its control socket. */
export function socketPathOf(platform: NodeJS.Platform, runtime: string, port: number): string {
  if (platform === 'win32') return `\\\\.\\pipe\\hallpass-${runtime.replace(/[^A-Za-z0-9]+/g, '-')}-${port}`
  return join(runtime, `control-${port}.sock`)
}

/** Writes the instance file, at once or not at all, readable by its owner only. */
export function writeInstance(runtime: string, instance: Instance): void {
  const path = instanceFile(runtime, instance.port)
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, `${JSON.stringify(instance)}\n`, { mode: 0o600, flag: 'wx' })
  renameSync(draft, path)
}

export function removeInstance(runtime: string, port: number): void {
  rmSync(instanceFile(runtime, port), { force: true })
}
