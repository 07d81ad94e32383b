// The definition of the settings outside `profiles` and `routes`: each has a flag and an environment name.
import Type from 'typebox'
import { accessSchema } from './schema-access.ts'
import { choice, grouped, text, wholeNumber } from './schema-parts.ts'

/** Those that stand at the top of the file. */
export const plainSettings = {
  port: wholeNumber(0, 65535, 3447, 'Port on both loopback addresses; 0 takes a free one.'),
  vault: choice(
    ['auto', 'keychain', 'sealed-file', 'memory'],
    'Where tokens rest: the OS keychain, a sealed file, memory; or where they did before, else the keychain when there is one, else memory (auto).',
    { default: 'auto' },
  ),
  vaultKey: choice(
    ['keychain', 'passphrase', 'credential'],
    'Who has the key of the sealed file: the OS keychain, you (a passphrase), or systemd (its credential hallpass-vault).',
    { default: 'keychain' },
  ),
  vaultPassphraseFile: Type.String({
    default: '',
    description: 'Absolute path of a file that only you can read, or /dev/fd/N, with the passphrase; empty asks at the terminal.',
    examples: ['/dev/fd/3'],
  }),
  signInWaitSeconds: wholeNumber(0, 3600, 120, 'How long a request waits for a person to sign in.'),
  signInLimitSeconds: wholeNumber(30, 3600, 600, 'How long a sign-in stays open.'),
  maxWaitingRequests: wholeNumber(1, 2048, 64, 'How many requests may wait for a person at a time.'),
  connectTimeoutSeconds: wholeNumber(1, 300, 10, 'How long connecting to a service may take.'),
  caFile: text(
    'PEM file of further certificate authorities, such as the one of a company’s proxy; beside those of Node and of NODE_EXTRA_CA_CERTS. Only your own file may name it.',
    { default: '', minLength: 0, examples: ['/etc/ssl/certs/company.pem'] },
  ),
  answerTimeoutSeconds: wholeNumber(1, 86400, 300, 'How long a service may take until its answer begins.'),
  silenceTimeoutSeconds: wholeNumber(1, 86400, 300, 'How long a service may stay silent within its answer.'),
  clientTimeoutSeconds: wholeNumber(
    1,
    86400,
    300,
    'How long a client may send nothing in the middle of its body, or take nothing of its answer.',
  ),
  headTimeoutSeconds: wholeNumber(1, 300, 10, 'How long the head of a request may take to arrive.'),
  maxConnections: wholeNumber(1, 65535, 2048, 'How many connections clients may hold at a time.'),
  maxServiceConnections: wholeNumber(1, 4096, 256, 'How many connections may lead to one service at a time; more requests wait for one.'),
  maxHeadBytes: wholeNumber(4096, 1048576, 16384, 'The largest head of a request.'),
  maxAnswerHeadBytes: wholeNumber(4096, 1048576, 65536, 'The largest head of a service’s answer.'),
  journalSize: wholeNumber(1, 100000, 1000, 'How many exchanges the journal remembers, in memory.'),
  log: choice(['text', 'json'], 'How the daemon tells what happens, on stderr: sentences, or JSON lines with one for each exchange.', {
    default: 'text',
  }),
  logFile: Type.Boolean({
    default: false,
    description: 'Whether JSON lines also go to `hallpass.log` in the state folder; at most two files of 8 MiB are kept.',
  }),
  forwardFields: Type.Array(Type.String(), {
    default: [],
    description: 'Request fields that every service gets beside those that hallpass knows.',
  }),
}

/** All of them by their places: `port`, `access.key`. */
export const settingsSchema = { ...plainSettings, ...grouped('access', accessSchema) }

/** What only a new start can change: the rest takes effect while the daemon runs. */
export const settingsAtStart: readonly (keyof typeof settingsSchema)[] = [
  ...(['port', 'vault', 'vaultKey', 'vaultPassphraseFile', 'access.peerCheck'] as const),
  ...(['caFile', 'connectTimeoutSeconds', 'answerTimeoutSeconds', 'silenceTimeoutSeconds', 'headTimeoutSeconds'] as const),
  ...(['maxConnections', 'maxServiceConnections', 'maxHeadBytes', 'maxAnswerHeadBytes', 'journalSize', 'log', 'logFile'] as const),
]
