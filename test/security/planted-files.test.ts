// Whatever the umask, and whatever somebody planted: what the daemon writes is its owner's, and nothing else is touched. Requirement 19.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { valid } from '../fixtures/configurations.ts'
import { createHome, type Home, hallpass, runHallpass, runNode, startDaemon, writeConfig } from '../harness/hallpass.ts'

/** A home whose daemon needs no sandbox: nothing is asked of it. */
function configured(): Home {
  const home = createHome()
  writeConfig(home, { ...valid, port: 0, vault: 'memory' })
  return home
}

const everything = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => join(folder, name))

t.test('under umask 000 every folder is 0700, every file and socket 0600', async t => {
  const home = configured()
  t.teardown(() => home.remove())
  const main = JSON.stringify(new URL('../../src/main.js', import.meta.url).href)
  const script = `process.umask(0); process.argv.splice(1, 0, 'main'); await import(${main})`
  const run = runNode(home, ['--input-type=module', '-e', script, 'start', '--access-key', 'required'])
  await run.printed(/^Ready: /m)
  const made = [...everything(join(home.path, 'run')), ...everything(join(home.path, 'state'))]
  t.ok(made.length >= 6, made.join(' '))
  for (const path of made) {
    const stats = lstatSync(path)
    t.equal(stats.mode & 0o777, stats.isDirectory() ? 0o700 : 0o600, path)
  }
  run.child.kill('SIGTERM')
  t.equal((await run.ended).code, 0)
})

/** What somebody can leave at a path before the daemon comes there, by root with another owner. */
const plants: Record<string, (path: string, target: string) => void> = {
  'a symbolic link': (path, target) => symlinkSync(target, path),
  'a symbolic link to nothing': (path, target) => symlinkSync(`${target}-not-there`, path),
  'a hard link': (path, target) => linkSync(target, path),
  'a pipe': path => execFileSync('mkfifo', [path]),
  'a folder': path => mkdirSync(path),
  'a file that everybody may write': path => {
    writeFileSync(path, 'planted')
    chmodSync(path, 0o666)
  },
  ...(process.geteuid?.() === 0 && {
    'a file of another user': path => {
      writeFileSync(path, 'planted', { mode: 0o600 })
      chownSync(path, 61_001, 61_001)
    },
  }),
}

/** A home whose daemon keeps a sealed file and a log and has run once, its port, and every path at which it wrote. */
async function worn(t: Test): Promise<{ home: Home; port: number; paths: string[] }> {
  const home = createHome()
  t.teardown(() => home.remove())
  const passphrase = join(home.path, 'passphrase')
  writeFileSync(passphrase, 'three words nobody says\n', { mode: 0o600 })
  const sealed = { vault: 'sealed-file', vaultKey: 'passphrase', vaultPassphraseFile: passphrase }
  writeConfig(home, { ...valid, port: 0, ...sealed, logFile: true })
  const first = await startDaemon(home, ['start'])
  await provoke(first.port)
  const made = ['run', 'state'].flatMap(name => everything(join(home.path, name, 'hallpass')))
  await first.stop()
  return { home, port: first.port, paths: [...made, join(home.path, 'state', 'hallpass', 'vault.sealed')] }
}

/** Gives the daemon something to log. */
const provoke = (port: number) => fetch(`http://localhost:${port}/fhir/Patient`, { headers: { Origin: 'http://elsewhere.test' } })

/** Starts the daemon again and again, each time without what it refused before, until it runs and ends well; gives the names that it refused. */
async function startAmong(t: Test, { home, port, paths }: Awaited<ReturnType<typeof worn>>): Promise<string[]> {
  const refused: string[] = []
  for (;;) {
    const run = runHallpass(home, ['start', '--port', String(port)])
    const isReady = run.printed(/^Ready: /m).then(
      () => true,
      () => false,
    )
    if (await isReady) {
      t.equal((await provoke(port)).status, 403)
      t.equal((await hallpass(home, ['status'])).code, 0)
      run.child.kill('SIGTERM')
      t.equal((await run.ended).code, 0)
      return refused
    }
    const { code, stderr } = await run.ended
    const path = paths.find(path => stderr.includes(path))
    if (code !== 1 || path === undefined || !stderr.includes('is not safe to use')) throw new Error(`ended with ${code}: ${stderr}`)
    refused.push(basename(path))
    rmSync(path, { recursive: true })
  }
}

t.test(
  'whatever was planted at its paths is replaced or refused: never followed, believed or waited for (requirement 19)',
  { timeout: 300_000 },
  async t => {
    const place = await worn(t)
    t.equal(place.paths.length, 8, place.paths.join(' '))
    for (const [kind, plant] of Object.entries(plants))
      await t.test(kind, async t => {
        const target = join(place.home.path, 'target')
        writeFileSync(target, 'untouched')
        chmodSync(target, 0o640)
        for (const path of place.paths) {
          rmSync(path, { recursive: true, force: true })
          plant(path, target)
        }
        t.comment(`refused: ${(await startAmong(t, place)).join(', ')}`)
        t.strictSame([readFileSync(target, 'utf8'), statSync(target).mode & 0o777], ['untouched', 0o640])
        t.notOk(lstatSync(`${target}-not-there`, { throwIfNoEntry: false }))
      })
  },
)

t.test('a folder of ours that is a link is refused; what it leads to stays empty', async t => {
  const home = configured()
  t.teardown(() => home.remove())
  const runtime = join(home.path, 'run', 'hallpass')
  for (const folder of [runtime, join(home.path, 'state', 'hallpass')]) {
    rmSync(folder, { recursive: true, force: true })
    const elsewhere = join(home.path, 'elsewhere')
    mkdirSync(elsewhere, { mode: 0o700 })
    symlinkSync(elsewhere, folder)
    const { code, stderr } = await hallpass(home, ['start'])
    t.equal(code, 1, folder)
    t.match(stderr, /is not safe to use: it is a symbolic link/)
    t.strictSame(readdirSync(elsewhere), [])
    rmSync(folder)
    rmSync(elsewhere, { recursive: true })
  }
})

if (process.geteuid?.() === 0)
  t.test('folders of another user are refused, and left alone', async t => {
    const home = configured()
    t.teardown(() => home.remove())
    for (const name of ['run', 'state']) {
      const folder = join(home.path, name, 'hallpass')
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      chownSync(folder, 61_001, 61_001)
      const { code, stderr } = await hallpass(home, ['start'])
      t.equal(code, 1, name)
      t.match(stderr, /is not safe to use: it belongs to another user/)
      t.strictSame([readdirSync(folder), statSync(folder).uid], [[], 61_001])
      rmSync(folder, { recursive: true })
    }
  })
