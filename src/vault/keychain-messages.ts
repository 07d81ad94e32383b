// What the daemon and its keychain child say to each other: one line of JSON each way.

/** `probe` stores, reads back and deletes a canary under a name of its own beside `account`; it never touches `account` itself. */
export type KeychainRequest =
  | { op: 'get' | 'delete' | 'probe'; service: string; account: string }
  | { op: 'set'; service: string; account: string; value: string }

/** `value`: the secret or null (get), whether there was one (delete), null (set, probe). `text`: what the keychain library said. */
export type KeychainAnswer = { ok: true; value: string | boolean | null } | { ok: false; text: string }

/** Begins the text of an answer when the keychain library itself could not be loaded. */
export const notLoaded = 'The keychain library does not load: '

/** The text of an answer when the canary came back changed. */
export const canaryChanged = 'The canary came back changed'
