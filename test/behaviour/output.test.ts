// Output that cannot be written fails a command in our own words, and ends no daemon.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { valid } from '../fixtures/configurations.ts'
import { createHome, runNode, writeConfig } from '../harness/hallpass.ts'

const program = new URL('../../src/main.js', import.meta.url).pathname
/** A disk that is full: full(4). Other systems have none. */
const full = '/dev/full'

if (existsSync(full)) {
  t.test('a command says that its output is lost, without a stack, and fails', async t => {
    const home = createHome()
    t.teardown(() => home.remove())
    const child = spawn('sh', ['-c', `exec "$0" "$1" version >${full}`, process.execPath, program], {
      env: home.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      said += part
    })
    t.strictSame(await once(child, 'close'), [1, null])
    t.equal(said.split('\n')[0], 'hallpass: What was printed could not be written: ENOSPC.')
    t.notMatch(said, /\bat .*:\d+/)
  })

  t.test('a daemon whose messages are lost goes on, and ends in order', async t => {
    const home = createHome({ HALLPASS_NO_USER: '1' })
    t.teardown(() => home.remove())
    writeConfig(home, { ...valid, port: 0, vault: 'memory' })
    const script = `import { closeSync, openSync } from 'node:fs'; closeSync(2); openSync('${full}', 'w'); process.argv.splice(1, 0, 'main'); await import(${JSON.stringify(program)})`
    const run = runNode(home, ['--input-type=module', '-e', script, 'start'])
    const [, url = ''] = await run.printed(/^Ready: (\S+)$/m)
    for (const path of ['/nowhere', '/nowhere', '/nowhere']) t.equal((await fetch(`${url}${path}`)).status, 404)
    run.child.kill('SIGTERM')
    t.equal((await run.ended).code, 0)
    t.strictSame(readdirSync(join(home.path, 'run', 'hallpass')), [])
  })
}

t.test('a daemon whose reader leaves ends in order', async t => {
  const home = createHome({ HALLPASS_NO_USER: '1' })
  t.teardown(() => home.remove())
  writeConfig(home, { ...valid, port: 0, vault: 'memory' })
  const run = runNode(home, [program, 'start'])
  const [, url = ''] = await run.printed(/^Ready: (\S+)$/m)
  run.child.stdout?.destroy()
  run.child.stderr?.destroy()
  await fetch(`${url}/nowhere`)
  t.equal((await run.ended).code, 0)
  t.strictSame(readdirSync(join(home.path, 'run', 'hallpass')), [])
})
