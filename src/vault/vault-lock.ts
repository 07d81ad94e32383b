// One process at a time has the vault open. The lock is a file that names its holder; a dead holder's is taken over.
import { randomUUID } from 'node:crypto'
import { link, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { HallpassError } from '../errors/hallpass-error.ts'
import { birthOf, type Holder, parseHolder } from './lock-holder.ts'
import { codeOf, readPrivateFile, unwritable } from './private-file.ts'

export type VaultLock = {
  /** What the lock file must say for a write to be ours: for a process that writes on our behalf. */
  readonly fence: { path: string; text: string }
  /** Rejects with `vault-overtaken` when the lock is no longer ours, from then on always. */
  check(): Promise<void>
  release(): Promise<void>
}

export type LockEdges = {
  pid: number
  /** Whether a process with this ID runs. */
  isAlive(pid: number): boolean
  /** Milliseconds that a living holder is waited for. */
  waitMs?: number
}

/** Milliseconds between looks, in real time: timers of the clock do not keep a command alive. */
const pauseMs = 50

/** How often a lock that is missing is looked for again: whoever takes over a dead one may hold ours in hand for a moment. */
const looks = 5

/**
 * Takes the lock at `path`. Rejects with `vault-busy` when a living process keeps it, `vault-unwritable` when the folder has no place for it,
 * `vault-file-unsafe` when what stands there is not ours alone.
 */
export async function takeLock(path: string, edges: LockEdges): Promise<VaultLock> {
  const { pid } = edges
  const id = randomUUID()
  const text = JSON.stringify({ pid, id, born: await birthOf(pid) } satisfies Holder)
  const candidate = `${path}.${pid}.${id}`
  try {
    await writeFile(candidate, text, { flag: 'wx', mode: 0o600 })
    await linkWhenFree(candidate, path, edges)
  } catch (thrown) {
    throw thrown instanceof HallpassError ? thrown : unwritable(path, thrown)
  } finally {
    await rm(candidate, { force: true })
  }
  await sweepCandidates(path, edges)

  let lost = false
  async function check(): Promise<void> {
    lost ||= !(await isOurs(path, text))
    if (lost) throw new HallpassError('vault-overtaken')
  }
  return {
    fence: { path, text },
    check,
    async release() {
      if (!lost && (await readText(path)) === text) await rm(path, { force: true })
      lost = true
    },
  }
}

async function linkWhenFree(candidate: string, path: string, edges: LockEdges): Promise<void> {
  const deadline = performance.now() + (edges.waitMs ?? 5_000)
  for (;;) {
    if (await linked(candidate, path)) return
    const text = await readText(path)
    const holder = text === undefined ? undefined : parseHolder(text)
    if (text !== undefined && !(holder && (await lives(holder, edges)))) await takeAway(path, text, candidate)
    else if (performance.now() >= deadline) throw new HallpassError('vault-busy', { pid: holder?.pid ?? 'unknown', path })
    else if (holder) await pause(pauseMs)
  }
}

/** Creates the lock with its content in one step; false when there is one. */
async function linked(candidate: string, path: string): Promise<boolean> {
  try {
    await link(candidate, path)
    return true
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return false
    throw thrown
  }
}

/** Takes a dead holder's lock away. Between looking and moving it may have become somebody's: what was moved is looked at, and put back. */
async function takeAway(path: string, dead: string, candidate: string): Promise<void> {
  const inHand = `${candidate}.taken`
  try {
    await rename(path, inHand)
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return
    throw thrown
  }
  if ((await readText(inHand)) !== dead) await linked(inHand, path)
  await rm(inHand, { force: true })
}

async function isOurs(path: string, text: string): Promise<boolean> {
  for (let look = 1; look <= looks; look++) {
    const found = await readText(path)
    if (found !== undefined) return found === text
    await pause(pauseMs)
  }
  return false
}

/** Another process may have got a dead one's ID, above all after a restart of the machine; where the birth is known, it decides. */
async function lives({ pid, born }: Holder, { isAlive }: LockEdges): Promise<boolean> {
  return born ? (await birthOf(pid)) === born : isAlive(pid)
}

/** Candidates of processes that died before they had the lock. */
async function sweepCandidates(path: string, { isAlive }: LockEdges): Promise<void> {
  const pattern = /^\.(\d+)\.[0-9a-f-]{36}(?:\.taken)?$/
  for (const name of await readdir(dirname(path))) {
    const pid = name.startsWith(basename(path)) ? pattern.exec(name.slice(basename(path).length))?.[1] : undefined
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(dirname(path), name), { force: true })
  }
}

async function readText(path: string): Promise<string | undefined> {
  return (await readPrivateFile(path))?.toString()
}
