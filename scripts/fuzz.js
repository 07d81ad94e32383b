// `npm run fuzz`: drawn requests and drawn answers against a daemon. What breaks a rule is kept under test/security/cases and runs from then on.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { build } from './build.js'

const { values } = parseArgs({
  options: { requests: { type: 'string' }, answers: { type: 'string' }, seed: { type: 'string' } },
})
await build()
const env = {
  ...process.env,
  // The runner's own limit of 30 seconds is for suites that run by themselves.
  TAP_TIMEOUT: '0',
  HALLPASS_FUZZ_REQUESTS: values.requests ?? '200000',
  HALLPASS_FUZZ_ANSWERS: values.answers ?? '20000',
  HALLPASS_FUZZ_SEED: values.seed ?? String(Date.now() % 1_000_000),
}
const fuzz = spawn(process.execPath, ['dist/test/security/fuzz.test.js'], { stdio: 'inherit', env })
fuzz.once('close', code => {
  process.exitCode = code ?? 1
})
