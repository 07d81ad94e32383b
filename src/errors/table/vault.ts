// What can be wrong with the place where secrets rest.
import { type ErrorEntry, entry } from '../entry.ts'

export const vaultErrors = {
  'vault-absent': entry(500, 1, 'exception', 'There is no usable OS keychain: {why}.', '{fix}'),
  'vault-locked': entry(
    500,
    1,
    'exception',
    'The OS keychain is locked.',
    'Unlock it (log in to the desktop, or open your password manager), then try again; `--vault memory` starts without it.',
  ),
  'vault-timeout': entry(
    500,
    1,
    'timeout',
    'The OS keychain did not answer within {seconds} s.',
    'Look for its prompt on your desktop, restart the keyring if there is none; `--vault memory` starts without it.',
  ),
  'vault-ambiguous': entry(
    500,
    1,
    'exception',
    'More than one item matches ours in {where}.',
    'Remove the one that another program made, or start with `--vault memory`.',
  ),
  'vault-unreadable': entry(
    500,
    1,
    'exception',
    'The document in {where} cannot be read: {why}.',
    'It was left untouched. Use the version of hallpass that wrote it, or remove the item and sign in again.',
  ),
  'vault-newer': entry(
    500,
    1,
    'exception',
    'The document in {where} was written by a newer hallpass (version {version}; this one reads up to {known}).',
    'It was left untouched. Use the newer hallpass, or start this one with `--vault memory`.',
  ),
  'vault-set-aside': entry(
    500,
    1,
    'exception',
    'What lay in {where} could not be read ({why}); it was moved to {aside}.',
    'Sign in again, and set client secrets again. Nothing was deleted; remove what was moved when you do not need it.',
  ),
  'vault-too-large': entry(
    500,
    1,
    'too-long',
    'The document does not fit into {where}: an item there holds at most {limit} bytes.',
    'Start with `--vault memory`; you then sign in again after every restart.',
  ),
  'vault-item-gone': entry(
    500,
    1,
    'exception',
    'What hallpass wrote to {where} is gone.',
    'Sign in again. If you did not remove it, see whether the keyring was reset or replaced.',
  ),
  'vault-in-use': entry(
    500,
    1,
    'exception',
    'Another hallpass daemon (process {pid}, port {port}) keeps its tokens in the same keychain item.',
    'Use that one, stop it, or start this one with `--vault memory`.',
  ),
} as const satisfies Record<string, ErrorEntry>
