// Finds the daemons that run, by the files that they leave in the runtime folder.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Instance } from './wire.ts'

/** Where the daemon on a port leaves its file. */
export function instanceFile(runtime: string, port: number): string {
  return join(runtime, `instance-${port}.json`)
}

/** The daemons that run now, by their files; what dead ones left is swept away. */
export async function findInstances(runtime: string): Promise<Instance[]> {
  const found: Instance[] = []
  for (const name of namesIn(runtime)) {
    const port = Number(/^instance-(\d+)\.json$/.exec(name)?.[1])
    const instance = Number.isInteger(port) ? readInstance(runtime, port) : undefined
    if (!instance) continue
    if (await answers(instance.socket)) found.push(instance)
    else rmSync(instanceFile(runtime, port), { force: true })
  }
  return found
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function readInstance(runtime: string, port: number): Instance | undefined {
  try {
    const instance = JSON.parse(readFileSync(instanceFile(runtime, port), 'utf8')) as Instance
    return instance.version === 1 && instance.port === port && typeof instance.socket === 'string' ? instance : undefined
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
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
