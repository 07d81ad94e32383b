// Files that are the user's alone: read with suspicion, replaced at once or not at all.
import { randomUUID } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { HallpassError } from '../errors/hallpass-error.ts'

/** Far above any token cache; what is larger is not ours. */
const mostBytes = 64 * 1024 * 1024

/** The bytes of a file that is ours alone; null when there is none. Rejects with `vault-file-unsafe`: a link, another's, open to others. */
export async function readPrivateFile(path: string): Promise<Buffer | null> {
  const file = await openPrivateFile(path)
  if (!file) return null
  try {
    refuseUnsafe(path, await file.stat())
    return await file.readFile()
  } finally {
    await file.close()
  }
}

/** Non-blocking, because opening a pipe would wait for its writer. */
async function openPrivateFile(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  } catch (thrown) {
    const code = codeOf(thrown)
    if (code === 'ENOENT') return null
    throw unsafe(path, code === 'ELOOP' ? 'it is a symbolic link' : `it cannot be opened (${code})`)
  }
}

function refuseUnsafe(path: string, stats: Stats): void {
  const own = process.getuid?.()
  if (!stats.isFile()) throw unsafe(path, 'it is not a file')
  if (own !== undefined && stats.uid !== own) throw unsafe(path, 'it belongs to another user')
  if (own !== undefined && stats.mode & 0o077) throw unsafe(path, 'other users may read or write it')
  if (stats.size > mostBytes) throw unsafe(path, 'it is larger than hallpass writes')
}

/**
 * Puts these bytes in the place of whatever is there, readable by its owner only: a draft, fsync, `fence`, rename, fsync of the folder. `fence`
 * rejects when we may no longer write; then the old file stays. Rejects with `vault-unwritable` as the file system does.
 */
export async function replacePrivateFile(path: string, bytes: Buffer | string, fence: () => Promise<void>): Promise<void> {
  const draft = draftOf(path)
  try {
    await writeDurably(draft, bytes)
    await fence()
    await renameOver(draft, path)
    await syncFolder(dirname(path))
  } catch (thrown) {
    await rm(draft, { force: true })
    throw thrown instanceof HallpassError ? thrown : unwritable(path, thrown)
  }
}

/** Removes the file; false when there was none. */
export async function removePrivateFile(path: string): Promise<boolean> {
  try {
    await rm(path)
    await syncFolder(dirname(path))
    return true
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return false
    throw unwritable(path, thrown)
  }
}

/** Renames the file within its folder; false when there is none. */
export async function movePrivateFile(path: string, to: string): Promise<boolean> {
  try {
    await rename(path, to)
    await syncFolder(dirname(path))
    return true
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return false
    throw unwritable(path, thrown)
  }
}

/** Renames the file to a draft's name, which the next sweep takes; gives it, undefined when there is no file. */
export async function moveToDraft(path: string): Promise<string | undefined> {
  const draft = draftOf(path)
  return (await movePrivateFile(path, draft)) ? draft : undefined
}

/** Proves that a file can be written beside `path`; leaves none. */
export async function probeFolder(path: string): Promise<void> {
  const draft = draftOf(path)
  try {
    await writeDurably(draft, 'canary')
  } catch (thrown) {
    throw unwritable(path, thrown)
  } finally {
    await rm(draft, { force: true })
  }
}

/** Removes the drafts of writers that died. Only for whoever holds the lock: nobody else writes here then. */
export async function sweepDrafts(path: string): Promise<void> {
  const folder = dirname(path)
  const names = await readdir(folder).catch(thrown => {
    throw unwritable(path, thrown)
  })
  const drafts = names.filter(name => name.startsWith(`${basename(path)}.`) && /\.[0-9a-f-]{36}\.tmp$/.test(name))
  for (const name of drafts) await rm(join(folder, name), { force: true })
}

function draftOf(path: string): string {
  return `${path}.${randomUUID()}.tmp`
}

async function writeDurably(path: string, bytes: Buffer | string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** On Windows a virus scanner that has the file open makes this fail for some milliseconds. */
async function renameOver(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await rename(from, to)
    } catch (thrown) {
      if (process.platform !== 'win32' || attempt === 10 || !['EPERM', 'EACCES', 'EBUSY'].includes(codeOf(thrown))) throw thrown
      await pause(attempt * 20)
    }
  }
}

/** A rename rests on the disk only when its folder does. Windows has no such call and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function unsafe(path: string, why: string): HallpassError {
  return new HallpassError('vault-file-unsafe', { path, why })
}

/** What the file system said, as an error of ours. */
export function unwritable(path: string, thrown: unknown): HallpassError {
  return new HallpassError('vault-unwritable', { path, why: codeOf(thrown) }, { cause: thrown })
}

/** The file system's code of a failure, such as ENOENT. */
export function codeOf(thrown: unknown): string {
  return (thrown as NodeJS.ErrnoException).code ?? 'unknown'
}
