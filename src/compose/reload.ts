// Takes over a configuration that changed on disk, while the daemon runs.
import type { Config } from '../config/config.ts'
import type { Difference } from '../config/differences.ts'
import { settingsAtStart } from '../config/schema-settings.ts'
import { watchConfig } from '../config/watch.ts'
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'
import type { Assembly } from './assembly.ts'
import type { Edges } from './edges.ts'

/** Where the configuration came from, and how it is loaded again. */
export type Reload = { path: string; load: () => Config; alsoOn: readonly string[] }

export type Current = { assembly: Assembly }

/**
 * Watches until closed. A good configuration gets a new assembly, in which nothing waits yet; a bad one is told and changes nothing. Settings that
 * count only at the start stay as they were. Exchanges under way end with the assembly that began them.
 */
export function followConfig(
  reload: Reload,
  edges: Edges,
  current: Current,
  assemble: (config: Config) => Promise<Assembly>,
): { close(): void } {
  const { clock, tell } = edges
  const refuse = ({ code, summary, remedy }: HallpassError) => tell({ event: 'config-refused', code, summary, remedy })
  const take = async (config: Config, differences: readonly Difference[]) => {
    const { assembly: before } = current
    try {
      current.assembly = await assemble(withStartSettings(config, before.config))
    } catch (error) {
      return refuse(asHallpassError(error))
    }
    const lines = (needsRestart: boolean) =>
      differences.filter(difference => difference.needsRestart === needsRestart).map(({ line }) => line)
    tell({ event: 'config-changed', changes: lines(false), afterRestart: lines(true) })
    await before.close(new HallpassError('config-replaced', {}, { fields: { 'Retry-After': '1' } }))
  }
  let last: Promise<void> = Promise.resolve()
  return watchConfig(reload.path, reload.load, {
    clock,
    before: current.assembly.config,
    alsoOn: reload.alsoOn,
    onChange: (config, differences) => {
      last = last.then(() => take(config, differences))
    },
    onFault: refuse,
  })
}

function withStartSettings(config: Config, before: Config): Config {
  const kept = Object.fromEntries(settingsAtStart.map(name => [name, before.settings[name]]))
  return { ...config, settings: { ...config.settings, ...kept } }
}
