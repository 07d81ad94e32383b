// Every way in which a keyring can fail, by the rows of the table of what was measured: each is told apart, and none is taken for an empty vault.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { findAside } from '../../src/vault/aside.ts'
import type { SpawnChild } from '../../src/vault/keychain-process.ts'
import { openVault } from '../../src/vault/open-vault.ts'
import type { VaultStore } from '../../src/vault/vault-store.ts'
import { childPath, failsWith, keychainsOf } from '../fixtures/keychains.ts'
import { seeded } from '../fixtures/seeded.ts'
import { vaultEdges } from '../fixtures/vault-edges.ts'
import { startSecretService } from '../fixtures/with-secret-service.ts'

const full = Boolean(process.env.HALLPASS_TEST_FULL)
t.setTimeout(full ? 1_200_000 : 300_000)
const service = await startSecretService()
t.teardown(service.stop)
const keychain = keychainsOf(service.env)
const every = ({ read, write, remove, probe }: VaultStore) => [read, () => write('new'), remove, probe]

t.test('no D-Bus at all', async t => {
  const { PATH = '', HOME = '' } = service.env
  for (const access of every(keychainsOf({ PATH, HOME })('vault')))
    await failsWith(t, access, 'vault-absent', /this session has no D-Bus/, /apt-get install dbus gnome-keyring/)
})

t.test('bad bus address', async t => {
  const store = keychainsOf({ ...service.env, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' })('vault')
  await failsWith(t, store.probe, 'vault-absent', /D-Bus cannot be reached/, /dbus-run-session/)
})

t.test('bus, no provider', async t => {
  const none = await startSecretService({ provider: 'none' })
  t.teardown(none.stop)
  await failsWith(t, keychainsOf(none.env)('vault').probe, 'vault-absent', /no program here offers/, /apt-get install gnome-keyring/)
})

t.test('gnome-keyring D-Bus-activated, no login collection yet: its null is not taken for a vault that is empty', async t => {
  const fresh = await startSecretService({ provider: 'new' })
  t.teardown(fresh.stop)
  const store = keychainsOf(fresh.env)('vault')
  t.equal(await store.read(), null)
  t.equal(await store.remove(), false)
  await failsWith(t, store.probe, 'vault-absent', /no collection/, /Log in to the desktop once/)
  const edges = vaultEdges({ folder: t.testdir({ 'vault.json': '' }), env: fresh.env })
  await chmod(join(edges.folder, 'vault.json'), 0o600)
  await t.rejects(
    openVault({ vault: 'auto', key: 'keychain' }, edges),
    { code: 'vault-absent' },
    'where there was a document, it is an error',
  )
})

t.test('locked, no display', async t => {
  const store = keychain('locked')
  await store.write('kept')
  await service.lock()
  for (const access of every(store)) await failsWith(t, access, 'vault-locked', /locked/, /Unlock it.*--vault memory/)
  await service.unlock()
  t.equal(await store.read(), 'kept')
})

t.test('locked, display present, nobody answers', async t => {
  const desktop = await startSecretService({ prompter: 'silent' })
  t.teardown(desktop.stop)
  const env = { ...desktop.env, DISPLAY: ':0' }
  await keychainsOf(env)('vault').write('kept')
  await desktop.lock()

  await t.test('from a child process: SIGKILL ends it at once, the parent goes on', async t => {
    const ends: Promise<unknown[]>[] = []
    const spying = ((command, args, options) => {
      const child = spawn(command, args, options)
      ends.push(once(child, 'exit'))
      return child
    }) as SpawnChild
    const stores = [1, 2, 3, 4].map(() => keychainsOf(env)('vault', { spawn: spying, timeouts: { plain: 1, prompting: 3_000 } }))
    const pending = Promise.all(stores.map(store => failsWith(t, store.read, 'vault-timeout', /within 3 s/, /prompt/)))
    await desktop.prompted()
    const looked = performance.now()
    await stat('/')
    t.ok(performance.now() - looked < 1_000, 'four prompts wait, and our own files are still read')
    await pending
    t.same(await Promise.all(ends), Array(4).fill([null, 'SIGKILL']))
  })

  await t.test('the child does not outlive its daemon: it ends when the pipe to it closes', async t => {
    const child = spawn(process.execPath, [childPath], { env, stdio: ['pipe', 'ignore', 'ignore'] })
    const ended = once(child, 'exit')
    const before = await desktop.connections()
    child.stdin.write(`${JSON.stringify({ op: 'set', service: 'hallpass', account: 'vault', value: 'old' })}\n`)
    let now = before
    while (now <= before) now = await desktop.connections() // until it is on the bus, where the prompt awaits it
    child.stdin.end()
    t.same(await ended, [null, 'SIGKILL'])
  })

  await desktop.unlock()
  t.equal(await keychainsOf(env)('vault').read(), 'kept')
})

t.test('keyring daemon SIGKILLed, then unlocked again: the same store goes on', async t => {
  const store = keychain('died')
  await store.write('kept')
  await service.kill()
  await failsWith(t, store.read, 'vault-locked', /locked/)
  await service.unlock()
  t.equal(await store.read(), 'kept')
})

t.test('keyring daemon frozen (SIGSTOP): a set that timed out may still be applied, and what is written after it stays', async t => {
  const store = keychain('frozen')
  await store.write('kept')
  await service.freeze()
  await failsWith(t, () => store.write('timed out'), 'vault-timeout', /did not answer within 2 s/)
  await service.thaw()
  t.match(await store.read(), /^(kept|timed out)$/)
  await store.write('after')
  t.equal(await store.read(), 'after')
})

t.test('dbus-daemon killed while it is asked: an error, and the program goes on', async t => {
  const other = await startSecretService()
  t.teardown(other.stop)
  const store = keychainsOf(other.env)('vault', { timeouts: { plain: 20_000, prompting: 20_000 } })
  await store.write('kept')
  await other.freeze()
  const before = await other.connections()
  const asked = failsWith(t, store.read, 'vault-restarted', /went away while hallpass used it/)
  let most = before
  while (most <= before) most = await other.connections()
  await other.stop()
  await asked
  await failsWith(t, store.read, 'vault-absent', /D-Bus cannot be reached/, /dbus-run-session/)
})

t.test('item changed by another process: the next read sees it', async t => {
  const store = keychain('seen')
  await store.write('what we wrote')
  await service.secretTool(['store', '--label=x', 'service', 'hallpass', 'username', 'seen'], 'what they wrote')
  t.equal(await store.read(), 'what they wrote')
})

t.test('two writers of 60 KB and a reader: nothing torn, the last one stays', async t => {
  const texts = ['a', 'b'].map(letter => letter.repeat(60_000))
  await keychain('two').write(texts[0] ?? '')
  const rounds = full ? 100 : 5
  const write = async (text: string) => {
    for (let round = 0; round < rounds; round++) await keychain('two').write(text)
  }
  let done = false
  const writers = Promise.all(texts.map(write)).finally(() => {
    done = true
  })
  while (!done) t.ok(texts.includes((await keychain('two').read()) ?? ''), 'one of the two, whole')
  await writers
  await keychain('two').write('last')
  t.equal(await keychain('two').read(), 'last')
})

t.test('three processes create the same item at once: one item, not three', async t => {
  for (let round = 0; round < (full ? 30 : 2); round++) {
    await Promise.all([1, 2, 3].map(n => keychain(`first-${round}`).write(`by ${n}`)))
    t.match(await keychain(`first-${round}`).read(), /^by [123]$/)
  }
})

t.test('a get racing a delete: tried again, not an error', async t => {
  for (let round = 0; round < (full ? 60 : 3); round++) {
    await keychain('raced').write('there')
    const [, read] = await Promise.all([keychain('raced').remove(), keychain('raced').read()])
    t.ok(read === null || read === 'there', `${read}`)
  }
})

t.test('SIGKILL of the keyring during sets of 60 KB: nothing that was acknowledged is lost, nothing is torn', async t => {
  const store = keychain('killed')
  const { integer } = seeded(42)
  let acknowledged = 0
  await store.write(`0 ${'x'.repeat(60_000)}`)
  for (let round = 0; round < (full ? 40 : 3); round++) {
    const writing = (async () => {
      for (let n = acknowledged + 1; ; n++) {
        await store.write(`${n} ${'x'.repeat(60_000)}`)
        acknowledged = n
      }
    })().catch(error => error)
    await pause(integer(400)) // a moment by chance, wherever the set is by then
    await service.kill()
    t.match((await writing).code, /^vault-(locked|restarted|absent)$/)
    await service.unlock()
    const [, count, filling] = /^(\d+) (x*)$/.exec((await store.read()) ?? '') ?? []
    t.equal(filling?.length, 60_000, 'whole')
    t.ok([acknowledged, acknowledged + 1].includes(Number(count)), `${acknowledged} acknowledged, ${count} found`)
    acknowledged = Number(count)
  }
})

t.test('an item of another program under our names makes ours ambiguous', async t => {
  const store = keychain('twice')
  await store.write('ours')
  await service.secretTool(['store', '--label=x', 'service', 'hallpass', 'username', 'twice', 'by', 'another'], 'theirs')
  await failsWith(t, store.read, 'vault-ambiguous', /service hallpass, user twice/, /Remove the one/)
})

t.test('an item that is not text is damaged, and can be set aside byte for byte', async t => {
  const store = keychain('bytes')
  await service.secretTool(['store', '--label=x', 'service', 'hallpass', 'username', 'bytes'], Buffer.from([0xc3, 0x28, 0xff, 0x80]))
  await failsWith(t, store.read, 'vault-damaged', /it is not text/, /sets aside/)
  const aside = /user (bytes-unreadable-\w+)/.exec(await store.setAside())?.[1] ?? ''
  t.equal(await store.read(), null)
  t.same((await findAside(keychain, 'bytes')).taken, [aside], 'and be found again')
  t.equal(await service.secretTool(['lookup', 'service', 'hallpass', 'username', aside], '', 'latin1'), '\u00c3(\u00ff\u0080')
})

t.test('a child that outlived the lock changes nothing', async t => {
  const path = `${t.testdir({ 'vault.lock': 'of somebody else' })}/vault.lock`
  await keychain('fenced').write('theirs')
  const late = keychain('fenced', { fence: { path, text: 'ours' } })
  const accesses: (() => Promise<unknown>)[] = [() => late.write('late'), late.remove, late.setAside]
  for (const access of accesses) await failsWith(t, access, 'vault-overtaken', /took the vault over/, /Restart this one/)
  t.equal(await keychain('fenced').read(), 'theirs')
})
