// Writers that are killed at any moment: nothing that was acknowledged is lost, nobody reads half a document, no lock stays behind.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { openVault } from '../../src/vault/open-vault.ts'
import { sealedFile } from '../../src/vault/sealed-file.ts'
import { takeLock } from '../../src/vault/vault-lock.ts'
import { systemClock } from '../fixtures/clocks.ts'
import { type Seeded, seeded } from '../fixtures/seeded.ts'
import { isAlive, ownLock, vaultEdges } from '../fixtures/vault-edges.ts'
import { filling, writerKey } from '../fixtures/vault-writer.ts'
import { startSecretService } from '../fixtures/with-secret-service.ts'

const full = Boolean(process.env.HALLPASS_TEST_FULL)
const seed = Number(process.env.HALLPASS_TEST_SEED ?? 20261126)
const writer = fileURLToPath(new URL('../fixtures/vault-writer.js', import.meta.url))
const names = ['one', 'two', 'three']
t.setTimeout(full ? 1_800_000 : 300_000)

type Tally = { kills: number; rests: Map<string, number>; acknowledged: number; complaints: string[] }

type Killing = {
  kind: 'keychain' | 'sealed-file'
  folder: string
  env: Record<string, string>
  kills: number
  /** A writer's end comes after this many of its updates at most, and so many milliseconds at most. */
  updates: number
  within: number
}

/** Three writers; each is killed at a moment by chance and another takes its place, until so many were killed. */
async function killWriters({ kind, folder, env, kills, updates, within }: Killing, chance: Seeded): Promise<Tally> {
  const tally: Tally = { kills: 0, rests: new Map(), acknowledged: 0, complaints: [] }
  async function oneAfterAnother(name: string): Promise<void> {
    while (tally.kills < kills) {
      tally.kills++
      const child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, writer, kind, folder, name], { env: { ...process.env, ...env } })
      const ended = once(child, 'close')
      child.stderr.setEncoding('utf8').on('data', (text: string) => tally.complaints.push(text))
      const end = { updates: chance.integer(updates + 1), delay: chance.integer(within) }
      await noteUntilKilled(child, end, rests => {
        tally.acknowledged++
        tally.rests.set(name, rests)
      })
      await ended
    }
  }
  await Promise.all(names.map(oneAfterAnother))
  return tally
}

async function noteUntilKilled(
  child: ChildProcess,
  end: { updates: number; delay: number },
  rests: (count: number) => void,
): Promise<void> {
  if (!child.stdout) return
  let lines = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, count] = line.split(' ')
    if (word === 'rests') rests(Number(count))
    if (lines++ === end.updates) void pause(end.delay).then(() => child.kill('SIGKILL'))
  }
}

/** The counts in a document, each entry whole. Throws for half a document. */
function countsIn(text: string | null): Map<string, number> {
  const { entries } = JSON.parse(text ?? '{"entries":{}}') as { entries: Record<string, string> }
  return new Map(
    Object.entries(entries).map(([name, entry]) => {
      const [count, filled] = entry.split(' ')
      if (filled !== filling) throw new Error(`${name} is not whole`)
      return [name, Number(count)]
    }),
  )
}

function testTally(t: Test, { kills, rests, acknowledged, complaints }: Tally, found: Map<string, number>): void {
  t.same(complaints, [], 'no writer had anything to complain about')
  t.ok(acknowledged > 0, `${kills} kills, ${acknowledged} acknowledged updates, ${[...found.values()].reduce((a, b) => a + b, 0)} in all`)
  for (const [name, count] of rests) t.ok((found.get(name) ?? 0) >= count, `${name}: ${count} acknowledged, ${found.get(name)} found`)
}

t.test('sealed-file', async t => {
  const folder = t.testdir({})
  const path = join(folder, 'vault.sealed')
  const reader = sealedFile({ path, source: writerKey, lock: ownLock, clock: systemClock })
  let reads = 0
  let done = false
  const reading = (async () => {
    for (; !done; reads++) countsIn(await reader.read())
  })()
  const killing = { kind: 'sealed-file', folder, env: {}, kills: full ? 320 : 20, updates: 3, within: 100 } as const
  const tally = await killWriters(killing, seeded(seed)).finally(() => {
    done = true
  })
  await reading
  t.ok(reads > 0, `${reads} reads meanwhile, none of half a document`)
  const started = performance.now()
  const lock = await takeLock(join(folder, 'vault.lock'), { pid: process.pid, isAlive })
  t.ok(performance.now() - started < 2_000, 'a dead writer’s lock is taken over at once')
  testTally(t, tally, countsIn(await reader.read()))
  await lock.release()
  t.same(
    readdirSync(folder).filter(name => name.includes('lock')),
    [],
    'no lock and no candidate stays',
  )
})

t.test('keychain', async t => {
  const service = await startSecretService()
  t.teardown(service.stop)
  const folder = t.testdir({})
  const killing = { kind: 'keychain', folder, env: service.env, kills: full ? 120 : 6, updates: 2, within: 600 } as const
  const tally = await killWriters(killing, seeded(seed + 1))
  const vault = await openVault({ vault: 'keychain', key: 'keychain' }, vaultEdges({ folder, env: service.env }))
  testTally(t, tally, countsIn(await vault.store.read()))
  await vault.close()
  t.same(readdirSync(folder), ['vault.json'], 'no lock, candidate or draft stays')
})
