// Finds the daemon that a command talks to.
import { pathsOf } from '../config/paths.ts'
import { type ControlClient, connectControl } from '../control/client/control-client.ts'
import { findInstances } from '../control/client/instances.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Arguments, Io } from './io.ts'

const usualPort = 3447

/** As `connect`, but undefined when no daemon runs. */
export async function connectIfRunning(io: Io, args: Arguments): Promise<ControlClient | undefined> {
  try {
    return await connect(io, args)
  } catch (error) {
    if (error instanceof HallpassError && error.code === 'not-running') return undefined
    throw error
  }
}

/** The daemon on `--port` or HALLPASS_PORT; without either the one on the usual port, or the only one. Rejects with not-running or several-running. */
export async function connect({ env, platform, home }: Io, { flags }: Arguments): Promise<ControlClient> {
  const { runtime } = pathsOf(platform, env, home)
  const instances = await findInstances(runtime)
  const wanted = flags.port ?? env.HALLPASS_PORT
  if (wanted) {
    const named = instances.find(({ port }) => String(port) === wanted)
    if (!named) throw new HallpassError('not-running', { where: ` on port ${wanted}` })
    return connectControl(runtime, named)
  }
  const [only] = instances
  if (!only) throw new HallpassError('not-running', { where: '' })
  const chosen = instances.length === 1 ? only : instances.find(({ port }) => port === usualPort)
  if (!chosen)
    throw new HallpassError('several-running', { which: instances.map(({ port, pid }) => `port ${port} (process ${pid})`).join(', ') })
  return connectControl(runtime, chosen)
}
