// Aligned lines: a name, then what it stands for.

/** The rows as lines of text, indented, the second column aligned. */
export function lines(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length))
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}\n`).join('')
}
