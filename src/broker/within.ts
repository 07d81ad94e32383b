// Waits for something, but not for ever and not for somebody who has gone.
import type { HallpassError } from '../errors/hallpass-error.ts'
import type { Clock } from '../terms/edges.ts'

/** The promise's end, unless the signal aborts before: then it rejects with the signal's reason. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** As `unlessAborted`, and once `ms` milliseconds are over it rejects with `late()`. */
export function within<T>(promise: Promise<T>, ms: number, clock: Clock, signal: AbortSignal, late: () => HallpassError): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => reject(late()))
    unlessAborted(promise, signal)
      .then(resolve, reject)
      .finally(() => timer.cancel())
  })
}

/** The promise's end, or undefined when it takes longer than `ms` milliseconds. */
export function soon<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(undefined))
    promise.then(resolve, reject).finally(() => timer.cancel())
  })
}
