// What the keychain library says when it fails, in the exact words of the pinned version, as errors of ours.
import { HallpassError, type Particulars } from '../errors/hallpass-error.ts'
import type { ErrorCode } from '../errors/table.ts'
import { printable } from '../terms/printable.ts'
import { redact } from '../terms/redaction.ts'
import { canaryChanged, fenceFell, notLoaded } from './keychain-messages.ts'

const without = '`--vault memory` starts without it; you then sign in again after every restart.'

const install = `Install one (Debian, Ubuntu: \`sudo apt-get install gnome-keyring\`) and log in again. ${without}`
const session =
  'Start hallpass in a desktop session, or give this one a bus and an unlocked keyring' +
  ` (Debian, Ubuntu: \`sudo apt-get install dbus gnome-keyring\`, then \`dbus-run-session\`). ${without}`
const create = `Log in to the desktop once, or unlock the keyring with a password, so that it is made. ${without}`
const reinstall = `Install hallpass again with its optional dependencies (no \`--omit=optional\`). ${without}`
const tryAgain = `Try again; if it stays, restart the keyring. ${without}`

/** `vault-absent`: `why` fits after "There is no usable OS keychain: ". */
export function absent(why: string, fix = tryAgain): HallpassError {
  return new HallpassError('vault-absent', { why: printable(redact(why), 300), fix })
}

type Row = readonly [words: string, code: ErrorCode, particulars?: Particulars]

// keyring 2.1.2. Every error has the same code; only the words differ. Exact, because the words changed between versions before.
const rows: readonly Row[] = [
  ['Using X11 for dbus-daemon autolaunch was disabled', 'vault-absent', { why: 'this session has no D-Bus', fix: session }],
  ['Failed to connect to socket', 'vault-absent', { why: "this session's D-Bus cannot be reached", fix: session }],
  [
    'org.freedesktop.secrets was not provided by any .service files',
    'vault-absent',
    { why: 'no program here offers the Secret Service', fix: install },
  ],
  ['Secret Service: no result found', 'vault-absent', { why: 'the keyring has no collection to store in yet', fix: create }],
  ['Secret Service: unlock prompt was dismissed', 'vault-locked'],
  // macOS, in Apple's words: errSecInteractionNotAllowed, -UserCanceled, -AuthFailed, -NotAvailable, -NoSuchKeychain. Not seen by us.
  ['User interaction is not allowed', 'vault-locked'],
  ['User canceled the operation', 'vault-locked'],
  ['The user name or passphrase you entered is not correct', 'vault-locked'],
  ['No keychain is available', 'vault-absent', { why: 'this session has no keychain', fix: session }],
  ['The specified keychain could not be found', 'vault-absent', { why: 'the keychain of this login is missing', fix: create }],
  // The library's own limit on one D-Bus call, well below ours: the keyring is there and frozen.
  ['Did not receive a reply', 'vault-timeout', { seconds: 2 }],
  ['Entry is matched by ', 'vault-ambiguous'],
  // The bus or the keyring ended between the child's greeting and the answer.
  ['Connection was disconnected before a reply was received', 'vault-restarted'],
  ['The session does not exist', 'vault-restarted'],
  ['Password data is not valid UTF-8', 'vault-damaged', { why: 'it is not text' }],
  [fenceFell, 'vault-overtaken'],
  [canaryChanged, 'vault-absent', { why: 'it does not give back what it was given', fix: tryAgain }],
  [notLoaded, 'vault-absent', { why: 'the library that talks to it does not load on this platform', fix: reinstall }],
]

/** Windows: "Value of 'password encoded as UTF-16' is longer than the platform limit of 2560 chars". */
const tooLong = /is longer than the platform limit of (\d+)/

/** The error that the library's `text` stands for; text that we do not know becomes `vault-absent` and is quoted, redacted and printable. */
export function recogniseKeychainError(text: string, where: string): HallpassError {
  const limit = tooLong.exec(text)?.[1]
  if (limit) return new HallpassError('vault-too-large', { where, limit })
  const row = rows.find(([words]) => text.includes(words))
  return row ? new HallpassError(row[1], { where, ...row[2] }) : absent(text)
}
