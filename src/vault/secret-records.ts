// From version 1 to 2: a client secret was a bare text; now a record holds several, with the days on which they were set and expire.
import type { Migration } from './migrations.ts'

/** When a secret of version 1 was set nobody wrote down, so its end is not assumed either. */
export const recordSecrets: Migration = entries =>
  new Map([...entries].map(([name, text]) => [name, name.startsWith('secret:') ? recordOf(text) : text]))

function recordOf(value: string): string {
  return JSON.stringify({ secrets: [{ value, set: null, expires: null, assumed: false }] })
}
