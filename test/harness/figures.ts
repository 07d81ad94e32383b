// Figures that a suite measured, for the table in SECURITY.md: a full run leaves them in a file, and `node scripts/figures.js` writes the table.
import { appendFileSync } from 'node:fs'

/** What was tried, how often, and what came of it. Kept only where a run asks for it by naming a file. */
export function record(what: string, count: number, result: string): void {
  const file = process.env.HALLPASS_FIGURES
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ what, count, result })}\n`)
}
