// `npm test`: sets up, builds, runs every suite, and ends with one line that counts. `--full` runs long suites at full size.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { build } from './build.js'
import { figuresFile, writeFigures } from './figures.js'
import { setUpDebian } from './set-up.js'

const args = process.argv.slice(2)
const full = args.includes('--full')
const debian = setUpDebian({ full })
await build()
await debian
if (full) rmSync(figuresFile, { force: true })

const suites = spawn(process.execPath, ['scripts/suites.js', ...args.filter(arg => arg !== '--full')], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, ...(full && { HALLPASS_TEST_FULL: '1', HALLPASS_FIGURES: figuresFile }) },
})
const ended = new Promise(resolve => suites.once('close', resolve))
let totals = ''
for await (const line of createInterface({ input: suites.stdout })) {
  console.log(line)
  if (line.startsWith('# { total: ')) totals = line // unindented: the whole run's
}
const code = await ended
const count = name => Number(totals.match(new RegExp(`${name}: (\\d+)`))?.[1] ?? 0)
process.exitCode = count('pass') ? (code ?? 1) : 1
if (full && process.exitCode === 0) writeFigures(figuresFile)
const skipped = count('skip') ? `, ${count('skip')} skipped` : ''
console.log(`${count('pass')} passed, ${count('fail')} failed${skipped}`)
