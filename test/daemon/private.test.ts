// Whatever the umask, and whatever somebody planted: what the daemon writes is its owner's, and nothing else is touched. Requirement 19.
import { chownSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { valid } from '../fixtures/configurations.ts'
import { createHome, type Home, hallpass, runNode, startDaemon, writeConfig } from '../harness/hallpass.ts'

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

t.test('links that were planted at every path are replaced or refused; what they lead to stays as it was', async t => {
  const home = configured()
  t.teardown(() => home.remove())
  const target = join(home.path, 'target')
  const runtime = join(home.path, 'run', 'hallpass')
  const first = await startDaemon(home, ['start'])
  const names = everything(runtime)
  t.equal(names.length, 5)
  await first.stop()
  for (const path of names) {
    writeFileSync(target, 'untouched')
    symlinkSync(target, path)
  }
  const instance = join(runtime, `instance-${first.port}.json`)
  const refused = await hallpass(home, ['start'])
  t.equal(refused.code, 1, 'what would be believed when it is read is refused')
  t.match(refused.stderr, `What lies at ${instance} is not safe to use: it is a symbolic link.`)
  rmSync(instance)
  const second = await startDaemon(home, ['start', '--port', String(first.port)])
  for (const path of names) t.notOk(lstatSync(path).isSymbolicLink(), path)
  t.equal((await hallpass(home, ['status'])).code, 0)
  await second.stop()
  t.equal(readFileSync(target, 'utf8'), 'untouched')

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
