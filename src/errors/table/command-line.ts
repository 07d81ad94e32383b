// Failures of the command line and of the program itself.
import { type ErrorEntry, entry } from '../entry.ts'

export const commandLineErrors = {
  usage: entry(500, 2, 'invalid', '{what}', 'Run `{command} --help` to see what it takes.'),
  'not-running': entry(
    500,
    3,
    'transient',
    'No hallpass daemon is running{where}.',
    'Start one with `hallpass start`, or `hallpass try` for the sandbox.',
  ),
  'daemon-unproven': entry(
    500,
    1,
    'forbidden',
    'What answers at the control socket of port {port} is not your hallpass daemon: {why}.',
    'Nothing was told to it. See whose process it is, end it, and start hallpass again.',
  ),
  'output-unwritable': entry(
    500,
    1,
    'exception',
    'What was printed could not be written: {why}.',
    'Make room where it goes, or let it go elsewhere; then run the command again.',
  ),
  'memory-open': entry(
    500,
    1,
    'forbidden',
    'Node was started with {option}, by which others could read tokens from memory.',
    'Start hallpass without it; look into NODE_OPTIONS too.',
  ),
  'several-running': entry(500, 2, 'invalid', 'Several hallpass daemons are running: {which}.', 'Name one with `--port PORT`.'),
  'aadsts-unknown': entry(404, 1, 'not-found', '{code} is not in the catalogue.', 'Look it up at {page}.'),
  'reset-unfinished': entry(
    500,
    1,
    'exception',
    'Removed so far: {done}. Then it went no further: {why}',
    'Run `hallpass reset` again: it goes on with what is left.',
  ),
  'reset-daemon-stays': entry(
    500,
    1,
    'timeout',
    'The daemon on port {port} (process {pid}) does not end, so nothing was removed.',
    'End that process, then run `hallpass reset` again.',
  ),
  internal: entry(
    500,
    1,
    'exception',
    'hallpass itself failed: {what}',
    'This is a defect of hallpass; please report it with the steps that led here.',
  ),
} as const satisfies Record<string, ErrorEntry>
