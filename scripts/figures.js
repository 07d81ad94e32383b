// Writes the table of figures in SECURITY.md from what a full run of the attack suites measured. `node scripts/figures.js FILE` does it by hand.
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** Where the suites of a full run leave their figures, one JSON object a line. */
export const figuresFile = resolve('dist/figures.jsonl')

const page = 'SECURITY.md'
const begin = '<!-- figures: written by npm run test:full -->'
const end = '<!-- end of figures -->'

/** Puts the figures of the file between the marks of SECURITY.md; one that was measured several times counts as last measured. */
export function writeFigures(file) {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  const rows = new Map(lines.map(line => JSON.parse(line)).map(({ what, count, result }) => [what, { count, result }]))
  const table = [...rows].map(([what, { count, result }]) => `| ${what} | ${count.toLocaleString('en')} | ${result} |`)
  const measured = `Measured on ${new Date().toISOString().slice(0, 10)} with Node ${process.versions.node} on ${process.platform}.`
  const block = [begin, '', '| what was tried | how often | what came of it |', '|---|---|---|', ...table, '', measured, '', end].join('\n')
  const text = readFileSync(page, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`${page} has no marks for the figures`)
  writeFileSync(page, text.slice(0, from) + block + text.slice(to + end.length))
}

if (process.argv[1] === import.meta.filename) writeFigures(process.argv[2] ?? figuresFile)
