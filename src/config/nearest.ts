// Finds what a misspelt word was meant to be.

/** The candidate nearest to a word, when one is near enough (at most a third of its letters differ). */
export function nearestOf(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > 64) return undefined
  const ranked = candidates.map(name => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }))
  ranked.sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best && best.distance <= Math.max(1, Math.floor(best.name.length / 3)) ? best.name : undefined
}

/** How many letters have to be put in, taken out, replaced or swapped with their neighbour to make one word the other (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number) => rows[row]?.[column] ?? 0
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    rows.push(current)
    for (let column = 1; column <= b.length; column++) {
      const replaced = at(row - 1, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1)
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      const candidates = [at(row - 1, column) + 1, at(row, column - 1) + 1, replaced, ...(swapped ? [at(row - 2, column - 2) + 1] : [])]
      current.push(Math.min(...candidates))
    }
  }
  return at(a.length, b.length)
}
