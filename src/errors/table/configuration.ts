// Faults of the configuration, and what keeps a daemon from starting.
import { type ErrorEntry, entry } from '../entry.ts'

export const configurationErrors = {
  'config-missing': entry(
    500,
    2,
    'invalid',
    'There is no configuration at {path}.',
    'Write one as the README shows, name one with `--config FILE`, or run `hallpass try` for the sandbox.',
  ),
  'config-unreadable': entry(
    500,
    2,
    'invalid',
    'The configuration {path} cannot be read: {why}.',
    'Mend the file or its permissions, or name another with `--config FILE`.',
  ),
  'config-syntax': entry(
    500,
    2,
    'invalid',
    '{path}:{line}:{column}: {what}.',
    'Mend the file at that place: it is JSON, comments and trailing commas are allowed.',
  ),
  'config-invalid': entry(500, 2, 'invalid', '{path}:{line}:{column}: {what}.', '{fix}'),
  'config-untrusted': entry(
    500,
    2,
    'forbidden',
    'The project file {path} says where your tokens go, and its present content was not trusted yet.',
    'Read it, then run `hallpass config trust "{path}"`; or name your own file with `--config FILE`.',
  ),
  'setting-invalid': entry(500, 2, 'invalid', '{source}: {what}.', '{fix}'),
  'config-replaced': entry(
    503,
    1,
    'transient',
    'The configuration changed while this waited for a sign-in.',
    'Send the request again: the new configuration is in force.',
  ),
  'ca-file-unusable': entry(
    500,
    2,
    'invalid',
    'The file of certificate authorities {path} cannot be used: {why}.',
    'Let `caFile` (or HALLPASS_CA_FILE) name a PEM file, such as the one that your company hands out for its proxy.',
  ),
  'port-taken': entry(
    500,
    1,
    'transient',
    'Port {port} on {address} is held by another process{owner}.',
    'Stop that process, or choose a port with `--port PORT`. hallpass listens on both loopback addresses or on none: a stranger on the other one would receive your requests.',
  ),
  'port-refused': entry(
    500,
    1,
    'forbidden',
    'Port {port} on {address} cannot be opened: {why}.',
    'Choose another port with `--port PORT`; ports below 1024 are for the system.',
  ),
  'already-running': entry(
    500,
    1,
    'transient',
    'A hallpass daemon (process {pid}) already runs on port {port}.',
    'Use it, or stop it with `hallpass stop --port {port}`.',
  ),
  'state-folder-unsafe': entry(
    500,
    1,
    'forbidden',
    'What lies at {path} is not safe to use: {why}.',
    'It must be yours, closed to others, and no link: `chmod 700` a folder, `chmod 600` a file, or remove it.',
  ),
  'sandbox-failed': entry(
    500,
    1,
    'exception',
    'The sandbox did not start: {what}',
    'Run `npm run build` if it was never built; otherwise see the lines above.',
  ),
} as const satisfies Record<string, ErrorEntry>
