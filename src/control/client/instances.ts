// Finds the daemons that run, by the files that they leave in the runtime folder.
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { checkPrivateFolder, readPrivateFile, removePrivateFile } from '../../files/private-files.ts'
import { keyFiles } from './key-files.ts'
import type { Instance } from './wire.ts'

/** Where the daemon on a port leaves its file. */
export function instanceFile(runtime: string, port: number): string {
  return join(runtime, `instance-${port}.json`)
}

/** The daemons that run now, by their files; what dead ones left is swept away. Rejects with state-folder-unsafe when others may write there. */
export async function findInstances(runtime: string): Promise<Instance[]> {
  if (!checkPrivateFolder(runtime)) return []
  const found: Instance[] = []
  for (const name of readdirSync(runtime)) {
    const port = Number(/^instance-(\d+)\.json$/.exec(name)?.[1])
    const instance = Number.isInteger(port) ? readInstance(runtime, port) : undefined
    if (!instance) continue
    if (await answers(instance.socket)) found.push(instance)
    else for (const file of [instanceFile(runtime, port), ...keyFiles(runtime, port)]) removePrivateFile(file)
  }
  return found
}

function readInstance(runtime: string, port: number): Instance | undefined {
  try {
    const instance = JSON.parse(readPrivateFile(instanceFile(runtime, port)) ?? 'null') as Instance | null
    return instance?.version === 1 && instance.port === port && typeof instance.socket === 'string' ? instance : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function answers(socket: string): Promise<boolean> {
  return new Promise(resolve => {
    const probe = connect(socket)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
}
