// What is printed: a terminal obeys nothing of it, and output that cannot be written fails a command in our own words, and ends no daemon.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemEdges } from '../../src/compose.ts'
import { people } from '../../src/sandbox/people.ts'
import { valid } from '../fixtures/configurations.ts'
import { commandIn } from '../harness/command.ts'
import { startBoth } from '../harness/composed.ts'
import { createHome, runNode, writeConfig } from '../harness/hallpass.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

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

t.test('no verb prints what a terminal would obey, whatever an ID token, the service or Entra ID says', async t => {
  const [ada] = people as readonly { username: string }[]
  const { username = '' } = ada ?? {}
  const hostile = 'ada\u001b[2m\u009b31m\u202e\nother  signed in as ben'
  Object.assign(ada ?? {}, { username: hostile })
  t.teardown(() => Object.assign(ada ?? {}, { username }))
  const both = await startBoth(t)
  const command = commandIn(both.home)
  const login = command(['login'])
  await signInByForm(await both.opening(), hostile)
  const said = [await login]
  await (await fetch(`${both.daemon.url}/fhir/Patient?_count=1`)).text()
  for (const words of ['status', 'status --output json', 'journal', 'journal --output har', 'token --header', 'logout'])
    said.push(await command(words.split(' ')))
  for (const { code, out, err } of said) {
    t.equal(code, 0)
    t.notMatch(out + err, /[^\n\P{Cc}]|\u202e/u)
    t.notMatch(out + err, /^ *other /m, 'nor a line of its own')
  }
  t.match(said[0]?.err, 'Signed in for dev as ada\\u001b[2m')
  t.match(JSON.parse(said[2]?.out ?? ''), { profiles: [{ username: hostile }] }, 'as JSON it is the same text')
})

t.test('nor do the daemon’s own lines', async t => {
  const home = createHome()
  t.teardown(() => home.remove())
  const printed: string[] = []
  const { tell } = systemEdges({
    ...{
      env: {},
      platform: process.platform,
      pid: process.pid,
      isAlive: () => true,
      version: 'test',
      home: home.path,
      inIsTerminal: false,
    },
    ...{ environmentSecret: undefined, readSecret: async () => '', err: text => void printed.push(text) },
  })
  const hostile = 'x\u001b]0;y\u0007\u009b2J\nz'
  tell({ event: 'sign-in-started', profile: 'dev', link: hostile, opened: true, userCode: hostile, verificationUri: hostile })
  tell({ event: 'sign-in-failed', profile: 'dev', code: 'sign-in-refused', summary: hostile, remedy: hostile })
  t.equal(printed.length, 2)
  t.notMatch(printed.join(''), /[^\n\P{Cc}]/u)
  t.notMatch(printed[0], /^z/m)
})
