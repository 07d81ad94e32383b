// The definition of the settings outside `profiles` and `routes`: each has a flag and an environment name.
import { accessSchema } from './schema-access.ts'
import { choice, grouped, wholeNumber } from './schema-parts.ts'

/** Those that stand at the top of the file. */
export const plainSettings = {
  port: wholeNumber(0, 65535, 3447, 'Port on both loopback addresses; 0 takes a free one.'),
  vault: choice(['auto', 'keychain', 'memory'], 'Where tokens rest: the OS keychain, memory, or the keychain when there is one (auto).', {
    default: 'auto',
  }),
  signInWaitSeconds: wholeNumber(0, 3600, 120, 'How long a request waits for a person to sign in.'),
  signInLimitSeconds: wholeNumber(30, 3600, 600, 'How long a sign-in stays open.'),
  maxWaitingRequests: wholeNumber(1, 2048, 64, 'How many requests may wait for a person at a time.'),
  connectTimeoutSeconds: wholeNumber(1, 300, 10, 'How long connecting to a service may take.'),
  originTimeoutSeconds: wholeNumber(1, 86400, 300, 'How long a service may stay silent, before its answer and within it.'),
}

/** All of them by their places: `port`, `access.key`. */
export const settingsSchema = { ...plainSettings, ...grouped('access', accessSchema) }

/** What only a new start can change: the rest takes effect while the daemon runs. */
export const settingsAtStart: readonly (keyof typeof settingsSchema)[] = [
  ...(['port', 'vault', 'connectTimeoutSeconds', 'originTimeoutSeconds', 'access.peerCheck'] as const),
]
