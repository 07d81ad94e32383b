// The configuration as the rest of the program sees it: checked, defaults filled in, derived values derived.
import type { Profile } from '../terms/profile.ts'
import type { Route } from '../terms/route.ts'
import type { Settings } from './schema.ts'
import type { Sources } from './sources.ts'

export type Config = {
  /** File that it came from; undefined for the built-in sandbox configuration. */
  path: string | undefined
  settings: Settings
  profiles: ReadonlyMap<string, Profile>
  routes: readonly Route[]
  /** What is allowed, but probably not meant: sentences for the person who starts the daemon. */
  warnings: readonly string[]
  /** Where each value came from that the file does not hold. */
  sources: Sources
}
