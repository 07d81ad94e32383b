// The file is watched however an editor writes it; the last good configuration stays, and differences are told in plain lines.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Config } from '../../src/config/config.ts'
import { type Difference, differences } from '../../src/config/differences.ts'
import { loadConfig } from '../../src/config/load.ts'
import { lookMs, secondLookMs, settleMs, watchConfig } from '../../src/config/watch.ts'
import type { HallpassError } from '../../src/errors/hallpass-error.ts'
import type { Clock } from '../../src/terms/edges.ts'
import { manualClock } from '../fixtures/clocks.ts'
import { change, valid } from '../fixtures/configurations.ts'

type Told = { change: [Config, readonly Difference[]] } | { fault: HallpassError }

/** Watches a file; `next` moves the clock on as soon as timers wait, until something is told. */
function watching(t: Test, { file = 'hallpass.jsonc', folder = mkdtempSync(join(tmpdir(), 'hallpass-watch-')) } = {}) {
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, file)
  const still = manualClock()
  const wakes = new Set<() => void>()
  const clock: Clock = {
    now: still.now,
    after: (ms, action) => {
      const timer = still.after(ms, action)
      for (const wake of wakes) wake()
      return timer
    },
  }
  const told: Told[] = []
  const load = () => loadConfig({ flags: { config: path }, env: {}, cwd: folder, home: folder, paths: { config: folder, state: folder } })
  const start = () => {
    const watch = watchConfig(path, load, {
      clock,
      before: load(),
      onChange: (config, lines) => void told.push({ change: [config, lines] }),
      onFault: fault => void told.push({ fault }),
    })
    t.teardown(() => watch.close())
    return watch
  }
  /** Resolves when a timer of this length waits: an event arrived, or a second look is due. */
  const timer = (ms: number) =>
    new Promise<void>(resolve => {
      const wake = () => {
        if (!still.waiting().some(left => left === ms)) return
        wakes.delete(wake)
        resolve()
      }
      wakes.add(wake)
      wake()
    })
  const settled = async () => {
    await timer(settleMs)
    still.advance(settleMs)
  }
  const put = (document: unknown, to = path) =>
    writeFileSync(to, typeof document === 'string' ? document : JSON.stringify(document), { mode: 0o600 })
  return { folder, path, told, start, put, settled, advance: still.advance, waiting: still.waiting }
}

// The watch does not keep a process alive; the test has to.
const alive = setInterval(() => undefined, 1_000)
t.teardown(() => clearInterval(alive))

const onPort = (port: number) => change(d => (d.port = port))
const linesOf = (told: Told | undefined) => (told && 'change' in told ? told.change[1].map(({ line }) => line) : told)

t.test('written in place, replaced by renaming, removed and made again', async t => {
  const { path, told, start, put, settled } = watching(t)
  put(valid)
  start()
  put(onPort(4001))
  await settled()
  t.strictSame(linesOf(told[0]), ['port: 3447 → 4001'])
  put(onPort(4002), `${path}.new`)
  renameSync(`${path}.new`, path)
  await settled()
  t.strictSame(linesOf(told[1]), ['port: 4001 → 4002'])
  rmSync(path)
  put(onPort(4003))
  await settled()
  t.strictSame(linesOf(told[2]), ['port: 4002 → 4003'])
  put(`// a comment\n${JSON.stringify(onPort(4003))}`)
  await settled()
  t.equal(told.length, 3, 'a comment changes nothing')
})

t.test('a file that is emptied and filled a moment later is one change', async t => {
  const { told, start, put, settled, advance } = watching(t)
  put(valid)
  start()
  put('')
  await settled()
  t.strictSame(told, [], 'nothing is told yet')
  put(onPort(4001))
  advance(secondLookMs)
  t.strictSame(told.map(linesOf), [['port: 3447 → 4001']])
})

t.test('a fault is told once, the last good one counts on, and mending it is told as one change', async t => {
  const { told, start, put, settled, advance } = watching(t)
  put(valid)
  start()
  for (const text of ['{ "profiles": ', '{ "profiles": ']) {
    put(text)
    await settled()
    advance(secondLookMs)
  }
  t.equal(told.length, 1)
  t.match(told[0], { fault: { code: 'config-syntax' } })
  put(change(d => (d.routes['/fhir'].origin = 'https://b.fhir.azurehealthcareapis.com')))
  await settled()
  t.match(linesOf(told[1]), [
    'routes./fhir.origin: https://ws-fhir.fhir.azurehealthcareapis.com → https://b.fhir.azurehealthcareapis.com',
    /^routes\.\/fhir\.audience: /,
    /^routes\.\/fhir\.scopes: /,
  ])
})

t.test('a link that is led elsewhere, and a folder that is replaced as a whole', async t => {
  const { folder, path, told, start, put, settled, advance } = watching(t)
  for (const name of ['one', 'two']) mkdirSync(join(folder, name), { mode: 0o700 })
  put(onPort(4001), join(folder, 'one', 'real.jsonc'))
  put(onPort(4002), join(folder, 'two', 'real.jsonc'))
  symlinkSync('one', join(folder, 'current'))
  symlinkSync(join('current', 'real.jsonc'), path)
  start()
  symlinkSync('two', join(folder, 'next'))
  renameSync(join(folder, 'next'), join(folder, 'current'))
  await settled()
  t.strictSame(linesOf(told[0]), ['port: 4001 → 4002'])
  // One change makes several events: those still on their way must not stand in for the next change's.
  for (let turn = 0; turn < 50; turn++) await nextTurn()
  advance(settleMs)
  put(onPort(4003), join(folder, 'two', 'real.jsonc'))
  await settled()
  t.strictSame(linesOf(told[1]), ['port: 4002 → 4003'], 'the new target is watched too')
  renameSync(folder, `${folder}-old`)
  t.teardown(() => rmSync(`${folder}-old`, { recursive: true }))
  mkdirSync(folder, { mode: 0o700 })
  put(onPort(4004))
  advance(lookMs)
  advance(settleMs)
  t.strictSame(linesOf(told[2]), ['port: 4003 → 4004'], 'what no event told is seen at the next look')
})

t.test('closed, it rests', async t => {
  const { start, put, waiting } = watching(t)
  put(valid)
  const watch = start()
  watch.close()
  t.strictSame(waiting(), [])
})

t.test('differences name every value, and what needs a restart', async t => {
  const { folder, put, path } = watching(t)
  const load = (document: unknown): Config => {
    put(document)
    return loadConfig({ flags: { config: path }, env: {}, cwd: folder, home: folder, paths: { config: folder, state: folder } })
  }
  const before = load(valid)
  t.strictSame(differences(before, load(valid)), [])
  const after = load(
    change(d => {
      d.port = 1
      d.vault = 'memory'
      d.signInWaitSeconds = 1
      d.profiles.dev.redirectUri = 'http://localhost:8400/x'
      d.routes = { '/r4': d.routes['/fhir'] }
    }),
  )
  const all = differences(before, after)
  t.match(
    all.map(({ line }) => line),
    [
      'port: 3447 → 1',
      'vault: auto → memory',
      'signInWaitSeconds: 120 → 1',
      'profiles.dev.redirectUri: http://localhost/-/callback → http://localhost:8400/x',
      /^routes\.\/r4\.origin: \(none\) → https:/,
    ],
  )
  t.ok(
    all.some(({ line }) => /^routes\.\/fhir\.origin: https:.* → \(none\)$/.test(line)),
    'what went is told',
  )
  t.strictSame(
    all.filter(({ needsRestart }) => needsRestart).map(({ line }) => line.split(':')[0]),
    ['port', 'vault'],
  )
})

t.test('a path that leads in a circle is a fault like others, and its mending a change', async t => {
  const { path, told, start, put, advance, settled } = watching(t)
  put(valid)
  start()
  rmSync(path)
  symlinkSync(path, path)
  await settled()
  advance(secondLookMs)
  t.match(told, [{ fault: { code: 'config-unreadable', particulars: { why: 'its symbolic links lead in a circle' } } }])
  advance(lookMs)
  rmSync(path)
  put(onPort(4001))
  await settled()
  t.strictSame(linesOf(told[1]), ['port: 3447 → 4001'])
})
