// Where a daemon leaves the keys of its run, in the folder that only its owner enters.
import { join } from 'node:path'

/** `caller` opens the services, `api` the control API over HTTP; `control` proves the daemon to the command line. */
export type KeyName = 'caller' | 'api' | 'control'

const names: Readonly<Record<KeyName, string>> = { caller: 'key', api: 'api-key', control: 'control-key' }

/** The file of a key. Those of `caller` and `api` hold a whole field, for `curl -H @FILE`. */
export function keyFile(runtime: string, key: KeyName, port: number): string {
  return join(runtime, `${names[key]}-${port}`)
}

/** The files of all keys of a run. */
export function keyFiles(runtime: string, port: number): string[] {
  return (Object.keys(names) as KeyName[]).map(key => keyFile(runtime, key, port))
}
