// What other users of the machine can see of the process: no inspector, and no token in what it was started with, nor in what it starts.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import t from 'tap'
import { startStrictOrigin } from '../fixtures/strict-origin.ts'
import { hallpass, recordingBrowser } from '../harness/hallpass.ts'
import { followOpening, signInByForm } from '../harness/sign-in-form.ts'
import { startUnderAttack } from '../harness/under-attack.ts'

const origin = await startStrictOrigin(t)
const attack = await startUnderAttack(t, { '/fhir': origin })

/** Ports on which the process listens on TCP. */
function listening(pid: number): number[] {
  const sockets = new Set<string>()
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const link = linkOf(`/proc/${pid}/fd/${fd}`)
    if (link.startsWith('socket:')) sockets.add(link.slice(8, -1))
  }
  return ['tcp', 'tcp6'].flatMap(table =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .map(line => line.trim().split(/\s+/))
      .filter(row => row[3] === '0A' && sockets.has(row[9] ?? ''))
      .map(row => Number.parseInt((row[1] ?? '').split(':')[1] ?? '', 16)),
  )
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch (error) {
    // A descriptor that was closed meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

t.test('SIGUSR1 opens nothing: no inspector at 9229 or anywhere else (requirement 20)', async t => {
  const before = listening(attack.daemon.pid)
  t.strictSame(new Set(before), new Set([attack.daemon.port]), 'one port, on both loopbacks (requirement 1)')
  for (let count = 0; count < 3; count++) process.kill(attack.daemon.pid, 'SIGUSR1')
  t.equal((await fetch(`${attack.daemon.url}/fhir/x`)).status, 204, 'the signal was taken, and the daemon serves')
  t.strictSame(listening(attack.daemon.pid), before)
  t.notMatch(attack.daemon.stderr(), /Debugger listening/)
  const refused = await new Promise<string>(resolve => {
    connect(9229, '127.0.0.1')
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
      .on('connect', () => resolve(listening(attack.daemon.pid).includes(9229) ? 'ours' : 'somebody else’s'))
  })
  t.not(refused, 'ours')
})

t.test('no token in the arguments or the environment of any process of ours (requirements 16, 20)', async t => {
  await hallpass(attack.home, ['status'])
  const pids = [attack.daemon.pid, ...childrenOf(attack.daemon.pid)]
  for (const pid of pids)
    for (const what of ['cmdline', 'environ']) {
      const text = readFileSync(`/proc/${pid}/${what}`, 'latin1')
      t.notMatch(text, attack.token, what)
      t.notMatch(text, /eyJ[\w-]{20}/, `${what}: nor any other`)
    }
})

t.test('the arguments of a browser that is started hold nothing of the authorization URL (requirements 16, 17)', async t => {
  const recorder = recordingBrowser({ path: t.testdir() }, { stays: true })
  const { daemon } = await startUnderAttack(t, { '/fhir': origin }, { signIn: false, env: recorder.env })
  const waiting = fetch(`${daemon.url}/fhir/x`)
  const link = await recorder.opening()
  const seen = argumentsOfAll()
  const [browser] = [...seen].find(([, text]) => text.includes(recorder.script)) ?? []
  t.ok(browser, 'its arguments are there to be read')
  t.teardown(() => browser && process.kill(browser))
  const url = new URL(await followOpening(link))
  const printed = /\/-\/sign-in\/(?!once)([\w-]+)/.exec(daemon.stderr())?.[1] ?? ''
  const secrets = [printed, ...['state', 'nonce', 'code_challenge'].map(name => url.searchParams.get(name) ?? '')]
  for (const secret of secrets) t.ok(secret.length > 20)
  for (const text of seen.values()) for (const secret of secrets) t.notOk(text.includes(secret))
  await signInByForm(url.href)
  t.equal((await waiting).status, 204)
})

/** What `ps` shows to every user. */
function argumentsOfAll(): Map<number, string> {
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  return new Map(pids.map(pid => [Number(pid), readIfThere(`/proc/${pid}/cmdline`)]))
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    // A process that ended meanwhile.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  return children.flatMap(child => [child, ...childrenOf(child)])
}
