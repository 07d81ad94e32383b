// `hallpass reset`: shows every trace of hallpass on this machine, and removes it on yes.

import { systemEdges } from '../compose/edges.ts'
import { findTraces, type Removal, removeTraces, type Traces } from '../compose/traces.ts'
import { connectControl } from '../control/client/control-client.ts'
import { findInstances } from '../control/client/instances.ts'
import type { Instance } from '../control/client/wire.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { printable } from '../terms/printable.ts'
import { type Command, exitCodes, type Io } from './io.ts'
import { lines } from './lines.ts'

export const runReset: Command = async (io, { switches }) => {
  const edges = systemEdges(io)
  const removal: Removal = { keepKeychain: switches.has('keep-keychain'), withConfig: switches.has('with-config') }
  const traces = await findTraces(edges, removal).catch(error => Promise.reject(nothingDone(io, error)))
  const daemons = await findInstances(edges.paths.runtime)
  io.out(describe(traces, daemons, removal))
  if (!hasAnything(traces, removal)) return exitCodes.ok
  if (!(await isWanted(io, switches))) {
    io.err('Nothing was removed.\n')
    return exitCodes.failed
  }
  for (const daemon of daemons) await stop(io, edges.paths.runtime, daemon)
  await removeTraces(edges, removal)
  io.err('Removed. What Entra ID knows (the registration, its secrets and certificates) is as it was.\n')
  return exitCodes.ok
}

function describe({ found, unasked, config }: Traces, daemons: readonly Instance[], { withConfig }: Removal): string {
  const running = daemons.map(({ port, pid }): [string, string] => ['a running daemon', `port ${port}, process ${pid}: is stopped first`])
  const own: [string, string][] = config ? [[withConfig ? 'your configuration' : 'your configuration (kept)', printable(config)]] : []
  const rows = [...running, ...found.map(({ what, where }): [string, string] => [what, printable(where)]), ...own]
  const note = unasked ? `\nThe OS keychain could not be asked (${unasked.summary}) Nothing of hallpass is known to be in it.\n` : ''
  if (found.length === 0 && rows.length === 0) return `There is no trace of hallpass on this machine.\n${note}`
  return `hallpass is on this machine as:\n\n${lines(rows)}${note}`
}

function hasAnything({ found, config }: Traces, { withConfig }: Removal): boolean {
  return found.length > 0 || (withConfig === true && config !== undefined)
}

async function isWanted(io: Io, switches: ReadonlySet<string>): Promise<boolean> {
  if (switches.has('yes')) return true
  if (!io.inIsTerminal || !io.errIsTerminal || io.env.HALLPASS_NO_USER)
    throw new HallpassError('usage', {
      what: 'Nobody is here to be asked, so nothing was removed: say `--yes`.',
      command: 'hallpass reset',
    })
  return /^y(es)?$/i.test((await io.ask('\nRemove all of it? [y/N] ')).trim())
}

function nothingDone(io: Io, error: unknown): unknown {
  io.err('Nothing was removed. `hallpass reset --keep-keychain` removes the files alone.\n')
  return error
}

/** Milliseconds that a daemon has to end, and between two looks. */
const patience = { most: 10_000, between: 50 }

/** It writes the vault while it ends, so its process must be gone. Rejects with reset-daemon-stays. */
async function stop(io: Io, runtime: string, instance: Instance): Promise<void> {
  const { pid, port } = instance
  await connectControl(runtime, instance).stop().catch(unlessGone)
  const deadline = Date.now() + patience.most
  while (io.isAlive(pid)) {
    if (Date.now() > deadline) throw new HallpassError('reset-daemon-stays', { pid, port })
    await new Promise(resolve => setTimeout(resolve, patience.between))
  }
}

function unlessGone(error: unknown): void {
  if (!(error instanceof HallpassError) || error.code !== 'not-running') throw error
}
