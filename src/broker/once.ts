// One run for all who ask at the same time.

/** Runs `make` unless it runs already for this key; everybody gets the same result. */
export function once<T>(running: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = running.get(key)
  if (known) return known
  const made = make().finally(() => running.delete(key))
  running.set(key, made)
  return made
}
