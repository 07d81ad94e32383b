// Aligned lines: a name, then what it stands for.

/**
 * The rows as lines of text, indented, the second column aligned. With `columns`, the width of a terminal, texts go on below themselves, and a name
 * wider than a third of it has a line of its own. Words, such as links, are never broken.
 */
export function lines(rows: readonly (readonly [string, string])[], columns?: number): string {
  const widest = columns === undefined ? Number.POSITIVE_INFINITY : Math.floor(columns / 3)
  const width = Math.max(0, ...rows.map(([name]) => name.length).filter(length => length <= widest))
  const indent = ' '.repeat(width + 4)
  return rows
    .map(([name, text]) => {
      const below = columns === undefined ? text : wrap(text, columns - indent.length).join(`\n${indent}`)
      return name.length > width ? `  ${name}\n${indent}${below}\n` : `  ${name.padEnd(width)}  ${below}\n`
    })
    .join('')
}

/** The text in lines of at most so many characters, as far as its words allow. */
export function wrap(text: string, width: number): string[] {
  const [first = '', ...words] = text.split(' ')
  const wrapped = [first]
  for (const word of words) {
    const line = wrapped.at(-1) ?? ''
    if (line.length + 1 + word.length <= width) wrapped.splice(-1, 1, `${line} ${word}`)
    else wrapped.push(word)
  }
  return wrapped
}
