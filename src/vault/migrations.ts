// How a document of an earlier version becomes one of this version: a list of steps, each from one version to the next.
import { recordSecrets } from './secret-records.ts'

/** The named texts of a document: `msal:…` is a token cache of MSAL, `secret:TENANT:CLIENT` client secrets, `certificate:…` certificates. */
export type Entries = ReadonlyMap<string, string>

/**
 * The entries of version n as version n + 1 has them; names that it does not know stay as they are. `now` is in milliseconds since the epoch.
 * Throws when an entry is not what version n wrote; the document then stays as it is.
 */
export type Migration = (entries: Entries, now: number) => Entries

/** The first leads from version 1 to 2. One that was released never changes: documents of every age come through it. */
export const migrations: readonly Migration[] = [recordSecrets]

/** The version that documents have after the last of these steps. */
export function versionAfter(steps: readonly Migration[]): number {
  return steps.length + 1
}

/** Takes entries of version `from` through every step that it has not seen. Throws as the steps do. */
export function migrate(entries: Entries, from: number, steps: readonly Migration[], now: number): Entries {
  return steps.slice(from - 1).reduce((older, step) => step(older, now), entries)
}
