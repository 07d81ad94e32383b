// What the daemon and its keychain child say to each other: one line of JSON each way.

/** The text that a file must hold when the keychain is changed: the lock of the process on whose behalf that happens. */
export type Fence = { path: string; text: string }

type Item = { service: string; account: string }

/**
 * `probe` stores, reads back and deletes a canary under a name of its own beside `account`; it never touches `account` itself. `move` keeps the
 * item's bytes, whatever they are, under the account `to`.
 */
export type KeychainRequest =
  | (Item & { op: 'get' | 'probe' })
  | (Item & { op: 'delete'; fence?: Fence })
  | (Item & { op: 'set'; value: string; fence?: Fence })
  | (Item & { op: 'move'; to: string; fence?: Fence })

/** `value`: the secret or null (get), whether there was one (delete, move), null (set, probe). `text`: what the keychain library said. */
export type KeychainAnswer = { ok: true; value: string | boolean | null } | { ok: false; text: string }

/** Begins the text of an answer when the keychain library itself could not be loaded. */
export const notLoaded = 'The keychain library does not load: '

/** The text of an answer when the canary came back changed. */
export const canaryChanged = 'The canary came back changed'

/** The text of an answer when the fence no longer stands. */
export const fenceFell = 'The lock belongs to another process'
