// `npm run check`: what to run before a commit. Types, lint, dead code, and the quick tests.
import { spawnSync } from 'node:child_process'
import { build } from './build.js'
import { generate } from './generate.js'

await build()
const drifted = await generate({ check: true })
for (const path of drifted) process.stderr.write(`${path} is not what the definitions say: run \`node scripts/generate.js\`\n`)
if (drifted.length > 0) process.exit(1)
const node = process.execPath
/** Suites without a browser, a keyring or large bodies. */
const quick = ['terms', 'config', 'guard', 'proxy'].map(room => `dist/test/${room}`)
const steps = [
  [
    'lint and format',
    node,
    ['node_modules/@biomejs/biome/bin/biome', 'check', '--config-path=config/lint.json', '--vcs-enabled=false', '--error-on-warnings'],
  ],
  ['dead code', node, ['node_modules/knip/bin/knip.js', '--no-progress']],
  ['architecture', node, ['dist/test/architecture.test.js']],
  ['quick tests', node, ['scripts/suites.js', ...quick]],
]
/** Whose output is many lines of TAP: shown when they fail. */
const tests = ['architecture', 'quick tests']
for (const [name, command, args] of steps) {
  const { status, stdout } = spawnSync(command, args, {
    stdio: ['inherit', tests.includes(name) ? 'pipe' : 'inherit', 'inherit'],
    maxBuffer: 1e9,
  })
  if (status !== 0 && stdout) process.stdout.write(stdout)
  process.stderr.write(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}\n`)
  if (status !== 0) process.exit(status ?? 1)
}
