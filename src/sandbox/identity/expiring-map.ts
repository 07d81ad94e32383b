// A bounded map whose entries go when their time is over: nothing that the identity provider remembers may pile up.

export type ExpiringMapOptions = {
  /** Milliseconds for which an entry is kept; the same for all, so that insertion order is the order of expiry. */
  keep: number
  /** Entries beyond this push out the oldest. */
  capacity: number
  /** Milliseconds since the epoch. */
  clock: () => number
}

export class ExpiringMap<Value> {
  readonly #options: ExpiringMapOptions
  readonly #entries = new Map<string, { value: Value; until: number }>()

  constructor(options: ExpiringMapOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#entries.size
  }

  set(key: string, value: Value): void {
    const { keep, capacity, clock } = this.#options
    this.#sweep()
    this.#entries.delete(key)
    this.#entries.set(key, { value, until: clock() + keep })
    if (this.#entries.size > capacity) for (const oldest of [...this.#entries.keys()].slice(0, 1)) this.#entries.delete(oldest)
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    return entry && entry.until > this.#options.clock() ? entry.value : undefined
  }

  /** The value, which is gone afterwards. */
  take(key: string): Value | undefined {
    const value = this.get(key)
    this.#entries.delete(key)
    return value
  }

  #sweep(): void {
    const now = this.#options.clock()
    for (const [key, { until }] of this.#entries) {
      if (until > now) return
      this.#entries.delete(key)
    }
  }
}
