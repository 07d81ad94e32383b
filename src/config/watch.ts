// Watches a configuration file and loads it anew when it changed. Editors replace files, empty and refill them, and swap links: all of that is one change.
import { type FSWatcher, lstatSync, realpathSync, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import { asHallpassError, type HallpassError } from '../errors/hallpass-error.ts'
import type { Clock, Timer } from '../terms/edges.ts'
import type { Config } from './config.ts'
import { type Difference, differences } from './differences.ts'

export type ConfigWatch = {
  clock: Clock
  /** The configuration in force, from which the first change is told. */
  before: Config
  /** The new configuration is good and says something else than the last good one. */
  onChange(config: Config, differences: readonly Difference[]): void
  /** What stands there now is not good; the last good one stays in force. Told once for each content. */
  onFault(error: HallpassError): void
  /** Further files whose change asks for another load, such as the list of trusted files. */
  alsoOn?: readonly string[]
}

/** Milliseconds without a further event before the file is read. */
export const settleMs = 100

/** Milliseconds after which a faulty file is read once more before the fault is told: it may have been half written. */
export const secondLookMs = 500

/** Milliseconds between looks at the file itself: some file systems tell of no changes, and a folder may be replaced with all that is in it. */
export const lookMs = 5_000

/** Watches until closed. `load` gives the configuration or throws a HallpassError. */
export function watchConfig(path: string, load: () => Config, options: ConfigWatch): { close(): void } {
  const { clock, onChange, onFault, alsoOn = [] } = options
  const paths = [path, ...alsoOn]
  let lastGood = options.before
  let seen = fingerprint(paths)
  let told = ''
  let settle: Timer | undefined
  const soon = (ms: number, isSecondLook: boolean) => {
    settle?.cancel()
    settle = clock.after(ms, () => reload(isSecondLook))
  }
  const watchers = watchFolders(paths, () => soon(settleMs, false))
  const reload = (isSecondLook: boolean) => {
    seen = fingerprint(paths)
    watchers.renew()
    try {
      const config = load()
      const changes = differences(lastGood, config)
      lastGood = config
      told = ''
      if (changes.length > 0) onChange(config, changes)
    } catch (thrown) {
      if (!isSecondLook) return soon(secondLookMs, true)
      const error = asHallpassError(thrown)
      const all = [error, ...error.more].map(({ message }) => message).join('\n')
      if (all !== told) onFault(error)
      told = all
    }
  }
  let look = clock.after(lookMs, lookAgain)
  function lookAgain(): void {
    look = clock.after(lookMs, lookAgain)
    if (fingerprint(paths) !== seen) soon(settleMs, false)
  }
  return {
    close: () => {
      settle?.cancel()
      look.cancel()
      watchers.close()
    },
  }
}

/** What tells one state of the files from another without reading them. */
function fingerprint(paths: readonly string[]): string {
  return paths
    .map(path => {
      const stats = ifReachable(() => statSync(path, { bigint: true }))
      return stats ? [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':') : 'none'
    })
    .join(' ')
}

/** Watches the folders of the files and of whatever their links lead to; `renew` follows links that lead elsewhere now. */
function watchFolders(paths: readonly string[], changed: () => void): { renew(): void; close(): void } {
  let watchers = new Map<string, FSWatcher>()
  const close = () => {
    for (const watcher of watchers.values()) watcher.close()
    watchers = new Map()
  }
  const renew = () => {
    close()
    for (const folder of new Set(paths.flatMap(foldersOf))) {
      const watcher = watchFolder(folder, changed)
      if (watcher) watchers.set(folder, watcher)
    }
  }
  renew()
  return { renew, close }
}

function foldersOf(path: string): string[] {
  const folders = [dirname(path), ifReachable(() => dirname(realpathSync(path)))]
  return folders.filter(folder => folder !== undefined && ifReachable(() => lstatSync(folder)) !== undefined) as string[]
}

/** Undefined where the file system has no answer: nothing there, gone between two looks, links that lead in a circle, a folder closed to us. */
function ifReachable<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}

/** A folder that cannot be watched is looked at from time to time all the same. */
function watchFolder(folder: string, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, changed)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}
