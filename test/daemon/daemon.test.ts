// The daemon's sockets, folder and browser: private, on both loopbacks or none, and never a shell.
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import http, { createServer, request as httpRequest, type ServerOptions } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { findInstances } from '../../src/control/client/instances.ts'
import { keyFiles } from '../../src/control/client/key-files.ts'
import { startDaemon as startDaemonOf } from '../../src/daemon/daemon.ts'
import { socketPathOf, writeInstance } from '../../src/daemon/instance.ts'
import { listenOnLoopback } from '../../src/daemon/listen.ts'
import { createOpenBrowser } from '../../src/daemon/open-browser.ts'
import { createRunKeys } from '../../src/daemon/run-keys.ts'
import { serverOptions } from '../../src/guard/server-limits.ts'
import { watching } from '../fixtures/builtins.ts'
import { systemClock } from '../fixtures/clocks.ts'
import { createHome, recordingBrowser, runHallpass, startDaemon } from '../harness/hallpass.ts'

function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'hallpass-daemon-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

t.test('both loopback addresses at one port', async t => {
  const { port, addresses, servers } = await listenOnLoopback(0, () => createServer((_request, response) => response.end('ours')))
  t.teardown(() => servers.map(server => server.close()))
  t.strictSame(addresses, ['127.0.0.1', '::1'])
  for (const host of ['127.0.0.1', '[::1]']) t.equal(await (await fetch(`http://${host}:${port}/`)).text(), 'ours')
  await t.rejects(
    listenOnLoopback(port, () => createServer()),
    { code: 'port-taken', message: new RegExp(`Port ${port} on 127.0.0.1 is held`) },
  )
})

t.test('what a dead daemon left is swept away; rubbish is no daemon', async t => {
  const folder = temporaryFolder(t)
  writeInstance(folder, { version: 1, pid: 1, port: 4001, socket: join(folder, 'gone.sock'), vault: 'memory', startedAt: '' })
  t.equal(statSync(join(folder, 'instance-4001.json')).mode & 0o777, 0o600)
  for (const file of keyFiles(folder, 4001)) writeFileSync(file, 'key', { mode: 0o600 })
  writeFileSync(join(folder, 'instance-4002.json'), '{"version":1,')
  writeFileSync(join(folder, 'instance-x.json'), '{}')
  const socket = join(folder, 'living.sock')
  const living = createServer().listen(socket)
  t.teardown(() => living.close())
  await once(living, 'listening')
  const whole = { version: 1, pid: 1, port: 4003, socket, vault: 'memory', startedAt: '' }
  for (const wrong of [{ port: 4004 }, { version: 2 }, { socket: 4003 }, { socket: null }]) {
    writeFileSync(join(folder, 'instance-4003.json'), JSON.stringify({ ...whole, ...wrong }), { mode: 0o600 })
    t.strictSame(await findInstances(folder), [], JSON.stringify(wrong))
  }
  writeFileSync(join(folder, 'instance-4003.json'), JSON.stringify(whole), { mode: 0o600 })
  t.strictSame(await findInstances(folder), [whole])
  for (const file of [join(folder, 'instance-4001.json'), ...keyFiles(folder, 4001)]) t.notOk(existsSync(file), file)
  t.strictSame(await findInstances(join(folder, 'none')), [])
})

t.test('daemons of two folders, and of two ports, have control sockets of their own', async t => {
  for (const [platform, one, other] of [
    ['linux', '/run/user/1000/hallpass', '/run/user/1001/hallpass'],
    ['win32', 'C:\\Users\\ada\\hallpass', 'C:\\Users\\ben\\hallpass'],
  ] as const) {
    const paths = [socketPathOf(platform, one, 1), socketPathOf(platform, one, 2), socketPathOf(platform, other, 1)]
    t.equal(new Set(paths).size, 3, paths.join(' '))
  }
})

t.test('socket and instance file are for their owner only, and go when the daemon goes', async t => {
  const home = createHome()
  t.teardown(() => home.remove())
  const daemon = await startDaemon(home, ['try', '--port', '0'])
  const runtime = join(home.path, 'run', 'hallpass')
  const socket = socketPathOf('linux', runtime, daemon.port)
  t.equal(statSync(socket).mode & 0o777, 0o600)
  t.equal(statSync(runtime).mode & 0o777, 0o700)
  const file = join(runtime, `instance-${daemon.port}.json`)
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.match(JSON.parse(readFileSync(file, 'utf8')), { version: 1, pid: daemon.pid, port: daemon.port })
  process.kill(daemon.pid, 'SIGUSR1')
  t.equal((await fetch(`${daemon.url}/-/health/ready`)).status, 200)
  await t.rejects(fetch('http://127.0.0.1:9229/json'), 'SIGUSR1 opens no inspector')
  t.equal((await daemon.stop()).code, 0)
  t.notOk(existsSync(file))
  t.notOk(existsSync(socket))
})

t.test('the limits of the configuration are those of the server', async t => {
  const folder = temporaryFolder(t)
  const made: ServerOptions[] = []
  const socketApi = Fastify()
  const start = () =>
    startDaemonOf({
      ...{ platform: 'linux', runtime: folder, port: 0, pid: process.pid, vault: 'memory', clock: systemClock },
      handler: (_request, response) => void response.end(),
      peers: { mode: 'none', ownUid: -1, ownerOf: async () => undefined },
      allowUids: () => new Set(),
      tell: () => undefined,
      limits: { headTimeout: 1_234, maxHeadBytes: 5_678, maxConnections: 9 },
      keys: createRunKeys(bytes => 'x'.repeat(bytes)),
      socketApi,
    })
  const daemon = await watching(http, 'createServer', options => made.push(options), start)
  await daemon.close(0)
  t.match(made[0], { ...serverOptions, headersTimeout: 1_234, maxHeaderSize: 5_678 })
})

t.test('a killed daemon leaves nothing in the way of the next', async t => {
  const home = createHome()
  t.teardown(() => home.remove())
  const first = await startDaemon(home, ['try', '--port', '0'])
  first.child.kill('SIGKILL')
  await first.ended
  const second = await startDaemon(home, ['try', '--port', String(first.port)])
  t.equal(second.port, first.port)
  await second.stop()
})

t.test('stopping answers who waits, and does not wait for them', async t => {
  const home = createHome()
  t.teardown(() => home.remove())
  const daemon = await startDaemon(home, ['try', '--port', '0'])
  const waiting = fetch(`${daemon.url}/fhir/Patient`)
  await daemon.printed(/Sign-in for/)
  const { code } = await daemon.stop()
  t.equal(code, 0)
  const answer = await waiting
  t.equal(answer.status, 503)
  t.equal(answer.headers.get('hallpass-error'), 'shutting-down')
})

t.test('a connection without a request does not keep the daemon', async t => {
  const home = createHome()
  t.teardown(() => home.remove())
  const daemon = await startDaemon(home, ['try', '--port', '0'])
  const idle = httpRequest(`${daemon.url}/-/health/live`, { headers: { Connection: 'keep-alive' } })
  idle.on('error', () => undefined)
  await new Promise(done => idle.on('response', response => response.resume().on('end', done)).end())
  t.equal((await daemon.stop()).code, 0)
})

t.test('a browser opens at the profile’s authorization server, or on this machine; the URL is one argument, no shell sees it', async t => {
  const home = createHome()
  t.teardown(() => home.remove())
  const recorder = recordingBrowser(home)
  const open = createOpenBrowser('linux', { ...home.env, ...recorder.env })
  const login = 'https://login.example'
  const refused: [url: string, origin: string][] = [
    ['http://example.org/', 'http://example.org'],
    ['file:///etc/passwd', 'null'],
    ['javascript:alert(1)', 'null'],
    ['vscode://x', 'null'],
    ['https://evil.example/', login],
    ['https://login.example.evil.example/', login],
    ['https://login.example:8443/', login],
    ['https://login.example@evil.example/', login],
    ['https://ada@login.example/', login],
    ['https://:word@login.example/', login],
    ['http://login.example/', login],
    ['http://localhost:3447/', login],
    ['http://localhost:3447/', 'http://localhost:3448'],
    ['no URL', login],
  ]
  for (const [url, origin] of refused) await t.rejects(open(url, origin), { code: 'internal' }, url)
  t.strictSame(recorder.opened(), [])
  const hostile = `${login}/?a=$(touch%20x)&b=\`id\`;'"--flag`
  t.equal(await open(hostile, login), true)
  t.equal(await recorder.opening(), hostile)
  t.equal(await createOpenBrowser('linux', home.env)(`${login}/`, login), false, 'no desktop, no browser')
  t.equal(await open(`${login}/`, login, 'none'), false, 'the profile wants none')
  const unattended = { ...recorder.env, HALLPASS_NO_USER: '1' }
  t.equal(await createOpenBrowser('linux', unattended)(`${login}/`, login), false, 'nobody is to be asked')
  t.equal(await open('http://localhost:3447/-/sign-in/x', 'http://localhost:3447'), true, 'our own page')
  await t.rejects(createOpenBrowser('linux', { BROWSER: '/nonexistent/browser' })(`${login}/`, login), { code: 'ENOENT' })
})

t.test('an inspector, or another window into memory, keeps every command from starting', async t => {
  const home = createHome()
  t.teardown(() => home.remove())
  const preloaded = join(home.path, 'preloaded.cjs')
  writeFileSync(preloaded, "require('node:inspector').open(0, '127.0.0.1')")
  const ways: { nodeArgs?: string[]; env?: Record<string, string> }[] = [
    { nodeArgs: ['--inspect=127.0.0.1:0'] },
    { nodeArgs: ['--heapsnapshot-signal=SIGUSR2'] },
    { env: { NODE_OPTIONS: '--inspect=127.0.0.1:0' } },
    { env: { NODE_OPTIONS: '--no-warnings --heapsnapshot-near-heap-limit=1' } },
    { nodeArgs: ['--heap-prof', `--heap-prof-dir=${home.path}`] },
    { nodeArgs: [`--tls-keylog=${home.path}/keys`] },
    { env: { NODE_OPTIONS: `--require ${preloaded}` } },
    { env: { NODE_OPTIONS: '"--heapsnapshot-signal=SIGUSR2"' } },
    { env: { NODE_OPTIONS: '--no-warnings "--heap\\snapshot-signal=SIGUSR2"' } },
    { env: { NODE_OPTIONS: '--heap""snapshot_signal=SIGUSR2' } },
  ]
  for (const way of ways) {
    const { code, stdout, stderr } = await runHallpass(home, ['status'], way).ended
    t.equal(code, 1, JSON.stringify(way))
    t.equal(stdout, '')
    t.match(
      stderr,
      /Node was started with (--(inspect|heapsnapshot-signal|heapsnapshot-near-heap-limit|heap-prof|tls-keylog)|an inspector), by which others could read tokens/,
    )
  }
  const { code } = await runHallpass(home, ['status'], { env: { NODE_OPTIONS: '--no-warnings' } }).ended
  t.equal(code, 3, 'other options are nobody’s business')
})
