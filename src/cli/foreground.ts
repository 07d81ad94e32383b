// Runs a daemon in the foreground: from its ready line to its last.
import { type Reload, type RunningDaemon, startComposed, systemEdges } from '../compose.ts'
import type { Config } from '../config/config.ts'
import { renderForTerminal } from '../errors/render.ts'
import { exitCodes, type Io } from './io.ts'

export type Foreground = {
  /** What is printed once the daemon runs. */
  describe: (daemon: RunningDaemon) => string
  reload?: Reload
  /** Ends the daemon with a failure. */
  broken?: Promise<never>
}

/** Starts the daemon, says so, and ends it when asked. */
export async function runInForeground(io: Io, config: Config, { describe, reload, broken }: Foreground): Promise<number> {
  const interruption = io.interruption()
  const daemon = await startComposed(config, systemEdges(io, config.settings.log), reload)
  try {
    if (daemon.vault.warning) io.err(renderForTerminal(daemon.vault.warning))
    if (daemon.addresses.length === 1) io.err('This machine has no IPv6: listening on 127.0.0.1 only.\n')
    io.out(describe(daemon))
    io.out(describeKey(daemon))
    io.out(`Ready: ${daemon.url}\n`)
    const reason = await Promise.race([interruption, daemon.stopAsked.then(() => 'hallpass stop'), ...(broken ? [broken] : [])])
    io.err(`Stopping: ${reason}\n`)
    return exitCodes.ok
  } finally {
    await daemon.close()
  }
}

/** How a request shows the key, where it needs one. */
function describeKey({ access, url, routes }: RunningDaemon): string {
  if (access.key.file === null) return ''
  return `Every request needs the key of this run, which only you can read:\n\n  curl -H @${access.key.file} ${url}${routes[0]?.prefix ?? '/fhir'}\n\n`
}
