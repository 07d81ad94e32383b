// Runs test files side by side, each in a process of its own, and reports in TAP. `tap run` would load hooks into each, for coverage and mocks that
// nothing here uses: a second of processor time for every file.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { t } from 'tap'

const { timeout } = JSON.parse(readFileSync('package.json', 'utf8')).tap
/** Files that run at a time. One more than CI has cores: most wait for a good part of their time, for a limit, a disk or another process. */
const jobs = 3
/** Seconds that one file may take: at full size a suite runs for many minutes. */
const seconds = process.env.HALLPASS_TEST_FULL ? 3600 : timeout
const named = process.argv.slice(2)
const files = (named.length > 0 ? named : ['dist/test']).flatMap(filesOf)

// The files have their limits; the whole has none.
t.setTimeout(0)
t.jobs = jobs
t.plan(files.length)
for (const file of files) {
  // Through `env`, which becomes the process that it starts: the hooks would come in by NODE_OPTIONS.
  const args = ['-u', 'NODE_OPTIONS', process.execPath, '--enable-source-maps', file]
  t.spawn('env', args, { name: file, timeout: seconds * 1000, buffered: true, env: { ...process.env, TAP_TIMEOUT: String(seconds) } })
}

/** A test file, or all those in a folder. */
function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path]
  const found = readdirSync(path, { recursive: true }).filter(file => file.endsWith('.test.js'))
  return found.toSorted().map(file => join(path, file))
}
