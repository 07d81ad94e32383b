// The command line says nothing to a daemon that is not the user's own: requirement 22.
import { createHmac } from 'node:crypto'
import { chmodSync, chownSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { isProof, proofOf } from '../../src/control/client/challenge.ts'
import { keyFile } from '../../src/control/client/key-files.ts'
import { comparisonsIn } from '../fixtures/builtins.ts'
import { valid } from '../fixtures/configurations.ts'
import { createHome, type Home, hallpass, startDaemon, writeConfig } from '../harness/hallpass.ts'

async function running(t: Test) {
  const home = createHome()
  t.teardown(() => home.remove())
  writeConfig(home, { ...valid, port: 0, vault: 'memory' })
  const daemon = await startDaemon(home, ['start'])
  t.teardown(() => daemon.stop())
  const runtime = join(home.path, 'run', 'hallpass')
  return { home, daemon, runtime, socket: join(runtime, `control-${daemon.port}.sock`) }
}

const isRefused = async (t: Test, home: Home, why: RegExp) => {
  for (const args of [['status'], ['token']]) {
    const { code, stdout, stderr } = await hallpass(home, args)
    t.equal(code, 1, args.join(' '))
    t.equal(stdout, '')
    t.match(stderr, why)
  }
}

/** Listens where the daemon did, answers whatever it is asked with this, and keeps what it heard. */
async function squat(t: Test, socket: string, answer: string): Promise<string[]> {
  rmSync(socket)
  const heard: string[] = []
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => {
      body += part
    })
    request.on('end', () => {
      heard.push(`${request.method} ${request.url} ${body}`)
      response.end(answer)
    })
  })
  await new Promise<void>(resolve => server.listen(socket, resolve))
  chmodSync(socket, 0o600)
  t.teardown(() => server.close().closeAllConnections())
  return heard
}

t.test('a squatter on the control socket gets a nonce, and nothing else', async t => {
  const { home, socket } = await running(t)
  for (const answer of ['{}', '{"proof":""}', `{"proof":"${'A'.repeat(43)}"}`, 'null', 'nonsense', 'x'.repeat(100_000)]) {
    const heard = await squat(t, socket, answer)
    await isRefused(t, home, /is not your hallpass daemon: it does not know the key of its run.\n {2}→ Nothing was told to it/)
    t.equal(heard.length, 2)
    for (const line of heard) t.match(line, /^POST \/challenge \{"nonce":"[A-Za-z0-9_-]{43}"\}$/)
    t.equal(new Set(heard).size, 2, 'no nonce twice')
  }
})

t.test('without the key of the run, or with another’s, no daemon is believed', async t => {
  const { home, runtime, daemon } = await running(t)
  const file = keyFile(runtime, 'control', daemon.port)
  t.equal(statSync(file).mode & 0o777, 0o600)
  renameSync(file, `${file}.away`)
  await isRefused(t, home, /the key of its run is not there/)
  writeFileSync(file, 'another', { mode: 0o600 })
  await isRefused(t, home, /does not know the key of its run/)
  renameSync(`${file}.away`, file)
  t.equal((await hallpass(home, ['status'])).code, 0)
})

t.test('a folder or socket that others may use, or that is another’s, is refused before anything is said', async t => {
  const { home, runtime, socket } = await running(t)
  chmodSync(runtime, 0o755)
  await isRefused(t, home, /not safe to use: other users may enter it/)
  chmodSync(runtime, 0o700)
  chmodSync(socket, 0o666)
  await isRefused(t, home, /not safe to use: other users may use it/)
  chmodSync(socket, 0o600)
  if (process.geteuid?.() === 0) {
    for (const path of [socket, runtime]) {
      chownSync(path, 61_001, 61_001)
      await isRefused(t, home, /not safe to use: it belongs to another user/)
      chownSync(path, 0, 0)
    }
  }
  t.equal((await hallpass(home, ['status'])).code, 0, 'and all is well again')
})

t.test('the keys of a run are for their owner only, new each time, and go with the daemon', async t => {
  const { home, runtime, daemon } = await running(t)
  const files = (['caller', 'api', 'control'] as const).map(key => keyFile(runtime, key, daemon.port))
  const texts = files.map(file => {
    t.equal(statSync(file).mode & 0o777, 0o600)
    return readFileSync(file, 'utf8')
  })
  t.match(texts[0], /^Hallpass-Key: [A-Za-z0-9_-]{43}\n$/)
  t.equal(new Set(texts.map(text => text.replace('Hallpass-Key: ', '').trim())).size, 3, 'no key is another')
  await daemon.stop()
  for (const file of files) t.notOk(statSync(file, { throwIfNoEntry: false }))
  const next = await startDaemon(home, ['start', '--port', String(daemon.port)])
  for (const [index, file] of files.entries()) t.not(readFileSync(file, 'utf8'), texts[index])
  await next.stop()
})

t.test('a proof is for its nonce and its key', async t => {
  const proof = proofOf('key', 'nonce')
  t.ok(isProof('key', 'nonce', proof))
  for (const [key, nonce, given] of [
    ['other', 'nonce', proof],
    ['key', 'other', proof],
    ['key', 'nonce', `${proof}x`],
    ['key', 'nonce', proof.slice(1)],
    ['key', 'nonce', ''],
    ['key', 'nonce', undefined],
    ['key', 'nonce', [proof]],
  ] as const)
    t.notOk(isProof(key, nonce, given))
  const safely = comparisonsIn(() => [proof, 'A'.repeat(43)].map(given => isProof('key', 'nonce', given)))
  t.strictSame(
    safely,
    [
      [43, 43],
      [43, 43],
    ],
    'compared in constant time',
  )
  t.not(createHmac('sha256', 'key').update('nonce').digest('base64url'), proof, 'and for nothing but this')
})
