// The edges of the program that tests replace: time, chance, and the user's browser.

import type { Profile } from './profile.ts'

/** A running timer; `cancel` is safe to call at any time. */
export type Timer = { cancel(): void }

/** Wall-clock time and timers. Tests drive their own. */
export type Clock = {
  /** Milliseconds since the epoch, by the wall clock: it goes on while the machine sleeps. */
  now(): number
  /** Calls `action` once, `ms` milliseconds from now. A waiting timer does not keep the process alive. */
  after(ms: number, action: () => void): Timer
}

/** Unpredictable bytes, as unpadded base64url text. */
export type Random = (bytes: number) => string

/**
 * Opens a URL in the user's browser, or in the one that a profile names, whose arguments every user of the machine can read; `false` when there is no desktop to open it on, or none is wanted.
 * `origin` is the only origin that the URL may have. Rejects when it has another, or the browser could not be started.
 */
export type OpenBrowser = (url: string, origin: string, browser?: Profile['browser']) => Promise<boolean>
