// The traces that a running daemon leaves for the command line: a small file and a control socket, in a folder that only the user can enter.
import { join } from 'node:path'
import { instanceFile } from '../control/client/instances.ts'
import type { Instance } from '../control/client/wire.ts'
import { removePrivateFile, replacePrivateFile } from '../files/private-files.ts'

/** Where a daemon on this port has its control socket. */
export function socketPathOf(platform: NodeJS.Platform, runtime: string, port: number): string {
  if (platform === 'win32') return `\\\\.\\pipe\\hallpass-${runtime.replace(/[^A-Za-z0-9]+/g, '-')}-${port}`
  return join(runtime, `control-${port}.sock`)
}

/** Writes the instance file, at once or not at all, readable by its owner only. */
export function writeInstance(runtime: string, instance: Instance): void {
  replacePrivateFile(instanceFile(runtime, instance.port), `${JSON.stringify(instance)}\n`)
}

export function removeInstance(runtime: string, port: number): void {
  removePrivateFile(instanceFile(runtime, port))
}
