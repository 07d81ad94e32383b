// Brings changes to the store: one write at a time, those that came meanwhile together, failed ones again later.
import { asHallpassError, type HallpassError } from '../errors/hallpass-error.ts'
import type { Clock, Timer } from '../terms/edges.ts'

export type WriteQueue = {
  /** Something changed: it is written as soon as may be. While a retry waits, it goes with that. Never throws. */
  changed(): void
  /** Writes at once what still waits. Resolves when every change made before the call rests; rejects when an attempt failed. */
  settled(): Promise<void>
  /** The failure of the last write, undefined after one that succeeded. */
  trouble(): HallpassError | undefined
}

/** Milliseconds until the first retry, and at most. Trying a locked keychain may put up its prompt again, so that waits longer. */
const backOff = { first: 1_000, most: 60_000 }
const backOffOfPrompts = { first: 60_000, most: 300_000 }

/**
 * `write` brings the present state to the store. `onTrouble` hears of a failure once, and again when its code changes or it returns after
 * a success; it must not throw.
 */
export function writeQueue(write: () => Promise<unknown>, clock: Clock, onTrouble: (error: HallpassError) => void): WriteQueue {
  let changes = 0
  let resting = 0
  let failures = 0
  let trouble: HallpassError | undefined
  let attempt: Promise<HallpassError | undefined> | undefined
  let retry: Timer | undefined

  function begin(): Promise<HallpassError | undefined> {
    retry?.cancel()
    retry = undefined
    attempt ??= run()
    return attempt
  }

  async function run(): Promise<HallpassError | undefined> {
    await Promise.resolve() // what changes in this same turn goes along
    const going = changes
    const failure = await write().then(
      () => undefined,
      thrown => asHallpassError(thrown),
    )
    attempt = undefined
    if (failure) failed(failure)
    else succeeded(going)
    return failure
  }

  function succeeded(going: number): void {
    resting = going
    failures = 0
    trouble = undefined
    if (resting < changes) void begin()
  }

  function failed(failure: HallpassError): void {
    const { first, most } = failure.code === 'vault-locked' || failure.code === 'vault-timeout' ? backOffOfPrompts : backOff
    retry = clock.after(Math.min(first * 2 ** failures++, most), () => void begin())
    const known = trouble?.code === failure.code
    trouble = failure
    if (!known) onTrouble(failure)
  }

  return {
    changed() {
      changes++
      if (!retry) void begin()
    },
    async settled() {
      const target = changes
      while (resting < target) {
        const failure = await begin()
        if (failure) throw failure
      }
    },
    trouble: () => trouble,
  }
}
