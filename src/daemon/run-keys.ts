// The keys of one run, and the files from which only their owner learns them.
import { keyFile, keyFiles } from '../control/client/key-files.ts'
import { removePrivateFile, replacePrivateFile } from '../files/private-files.ts'
import { type CallerKey, callerKey } from '../guard/caller-key.ts'
import type { Random } from '../terms/edges.ts'

export type RunKeys = {
  /** For requests to services, where one is asked for. */
  caller: CallerKey
  /** For the control API over HTTP. */
  api: CallerKey
  /** By which the daemon proves to the command line who it is. */
  control: string
  /** Writes the files; from then on `rotate` does so too. Throws state-folder-unsafe. */
  publish(runtime: string, port: number): void
  /** Makes a new key for callers: whoever holds the old one is out. That of the API stays, or the page that signs out would lose itself. */
  rotate(): void
  /** Removes the files. */
  withdraw(): void
}

const keyBytes = 32

export function createRunKeys(random: Random): RunKeys {
  const make = () => callerKey(random(keyBytes))
  const current = { caller: make(), api: make() }
  const control = random(keyBytes)
  let place: { runtime: string; port: number } | undefined
  const write = () => {
    if (!place) return
    for (const name of ['caller', 'api'] as const)
      replacePrivateFile(keyFile(place.runtime, name, place.port), `Hallpass-Key: ${current[name].reveal()}\n`)
  }
  const following = (name: 'caller' | 'api'): CallerKey => ({
    reveal: () => current[name].reveal(),
    matches: sent => current[name].matches(sent),
  })
  return {
    caller: following('caller'),
    api: following('api'),
    control,
    publish: (runtime, port) => {
      place = { runtime, port }
      write()
      replacePrivateFile(keyFile(runtime, 'control', port), control)
    },
    rotate: () => {
      current.caller = make()
      write()
    },
    withdraw: () => {
      if (!place) return
      const { runtime, port } = place
      place = undefined
      for (const file of keyFiles(runtime, port)) removePrivateFile(file)
    },
  }
}
