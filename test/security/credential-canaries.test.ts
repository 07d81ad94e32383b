// Client secrets, passwords and private keys on their way into the vault and out of it: nowhere else do they stay or show.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openWorkshop } from '../fixtures/openssl.ts'
import { startSecretService } from '../fixtures/with-secret-service.ts'
import { createHome, type Ended, type Home, startDaemon, writeConfig } from '../harness/hallpass.ts'

const secret = 'Zq-client-secret-canary-qZ'
const password = 'Zq-password-canary-qZ'

const shop = openWorkshop(t)
shop.certificate('good')
shop.pkcs12('good', 'good.pfx', password)
const key = shop.read('good.key').toString()
/** Lines of the private key, each of which would give it away. */
const canaries = [secret, password, ...key.split('\n').filter(line => line.length === 64)]

/** What the processes of this home show to others while a command runs. */
function watchProcesses(home: Home): { seen: Set<string>; stop(): void } {
  const seen = new Set<string>()
  const look = () => {
    for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
      const [environ, cmdline] = ['environ', 'cmdline'].map(name => readGone(`/proc/${pid}/${name}`))
      if (environ?.includes(`HOME=${home.path}`)) seen.add(`${cmdline}\n${environ}`)
    }
  }
  const timer = setInterval(look, 20)
  return { seen, stop: () => clearInterval(timer) }
}

/** The text, or nothing when the process is gone or was never ours. */
function readGone(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(String((error as NodeJS.ErrnoException).code))) return undefined
    throw error
  }
}

function run(home: Home, args: string[], input: string): Promise<Ended> {
  const child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, 'dist/src/main.js', ...args], { env: home.env, stdio: 'pipe' })
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (part: Buffer) => void (text[name] += part))
  child.stdin.end(input)
  return new Promise(resolve => child.once('close', code => resolve({ code, ...text })))
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap(entry =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )
}

t.test(
  'a secret, a password and a private key: 0 hits in arguments, environments, files, output and log',
  { timeout: 120_000 },
  async t => {
    const keyring = await startSecretService()
    const home = createHome({ DBUS_SESSION_BUS_ADDRESS: keyring.env.DBUS_SESSION_BUS_ADDRESS ?? '' })
    const watch = watchProcesses(home)
    t.teardown(async () => {
      watch.stop()
      await keyring.stop()
      home.remove()
    })
    const ids = { tenantId: '11111111-2222-4333-8444-555555555555', clientId: '66666666-7777-4888-9999-000000000000' }
    const profile = (credential: string) => ({ ...ids, flow: 'client-credentials', credential })
    writeConfig(home, { port: 0, profiles: { job: profile('certificate'), bat: profile('secret') }, routes: {} })
    const said: string[] = []
    const hallpass = async (args: string[], input = '') => {
      const ended = await run(home, args, input)
      said.push(ended.stdout, ended.stderr)
      return ended
    }
    const verbs = async () => {
      t.match(await hallpass(['secret', 'set', 'bat'], secret), { code: 0 })
      t.match(await hallpass(['cert', 'import', 'job', shop.path('good.pfx'), '--password-stdin'], password), { code: 0 })
    }
    await verbs()
    const daemon = await startDaemon(home, ['start'])
    await verbs()
    t.match(await hallpass(['cert', 'import', 'job', shop.path('good.pfx'), '--password-stdin'], `${password}x`), { code: 1 })
    for (const args of [
      ['secret', 'list', '--output', 'json'],
      ['cert', 'show', 'job', '--output', 'json'],
      ['config', 'show'],
    ])
      t.match(await hallpass(args), { code: 0 })
    t.match(await hallpass(['cert', 'new', 'job', '--bits', '2048', '--out', home.path]), { code: 0 })
    t.match(await hallpass(['status', '--output', 'json']), { code: 0 })
    await daemon.stop()
    const kept = await keyring.secretTool(['lookup', 'service', 'hallpass', 'username', 'vault'])
    t.ok(kept.includes(secret), 'the canary is the real one: it rests in the keychain')
    rmSync(join(home.path, 'config'), { recursive: true })
    const places: Record<string, string> = {
      'arguments and environments': [...watch.seen].join('\n'),
      output: said.join('\n'),
      'the log': `${daemon.stdout()}${daemon.stderr()}`,
      ...Object.fromEntries([...filesBelow(home.path), ...filesBelow(keyring.home)].map(path => [path, readFileSync(path, 'latin1')])),
    }
    t.ok(watch.seen.size >= 8, `${watch.seen.size} views of processes`)
    t.match([...watch.seen].join('\n'), /keychain-child/, 'the keychain child among them')
    for (const [place, text] of Object.entries(places))
      t.strictSame(
        canaries.filter(canary => text.includes(canary)).map(canary => canary.slice(0, 12)),
        [],
        place,
      )
    t.notMatch(said.join('\n'), /PRIVATE KEY/)
  },
)
