// Files and folders that nobody but their owner can read, change or replace, whatever the umask is.
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { HallpassError } from '../errors/hallpass-error.ts'
import { printable } from '../terms/printable.ts'
import { dangerOnWay } from './way.ts'

/** Makes the folder (mode 0700), or makes sure that the one there is ours and closed to others. Throws state-folder-unsafe. */
export function securePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST') throw unsafe(path, code === 'EACCES' ? 'it cannot be made: permission denied' : `it cannot be made: ${code}`)
  }
  checkPrivateFolder(path)
}

/** False when the folder is not there; throws state-folder-unsafe unless it is ours and closed to others, and so is the way to it. */
export function checkPrivateFolder(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats) return false
  if (stats.isSymbolicLink()) throw unsafe(path, 'it is a symbolic link')
  if (!stats.isDirectory()) throw unsafe(path, 'it is not a folder')
  const own = process.geteuid?.()
  if (own === undefined) return true
  if (stats.uid !== own) throw unsafe(path, 'it belongs to another user')
  if (stats.mode & 0o077) throw unsafe(path, 'other users may enter it')
  const danger = dangerOnWay(path, own)
  if (danger) throw unsafe(path, danger)
  return true
}

/** The text of a file that only its owner may write, and that is no link; undefined when there is none. Throws state-folder-unsafe. */
export function readPrivateFile(path: string): string | undefined {
  const descriptor = openPrivate(path)
  if (descriptor === undefined) return undefined
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) throw unsafe(path, 'it is not a file')
    refuseForeign(path, stats, 0o022, 'other users may write it')
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

/** Writes a file (mode 0600), at once or not at all. What stood at its path is replaced, a link itself and not what it leads to. */
export function replacePrivateFile(path: string, text: string): void {
  const draft = `${path}.${randomBytes(9).toString('base64url')}.tmp`
  try {
    const descriptor = openSync(draft, 'wx', 0o600)
    try {
      writeSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) throw unsafe(path, 'it is a folder')
    throw unsafe(dirname(path), `it cannot be written: ${(error as NodeJS.ErrnoException).code}`)
  }
}

/** Removes the file, or the link or socket in its place; false when something is left, such as a folder. */
export function removePrivateFile(path: string): boolean {
  try {
    unlinkSync(path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return code === 'ENOENT'
  }
}

function openPrivate(path: string): number | undefined {
  try {
    // Non-blocking: opening a pipe would wait for its writer.
    return openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw unsafe(path, code === 'ELOOP' ? 'it is a symbolic link' : `it cannot be read: ${code}`)
  }
}

/** Throws unless what the stats are of is ours, and none of these mode bits is set. Users by number are unknown on Windows. */
export function refuseForeign(path: string, { uid, mode }: Stats, forbidden: number, why: string): void {
  const own = process.geteuid?.()
  if (own === undefined) return
  if (uid !== own) throw unsafe(path, 'it belongs to another user')
  if (mode & forbidden) throw unsafe(path, why)
}

/** The error that names what is wrong with a file or folder of ours. */
export function unsafe(path: string, why: string): HallpassError {
  return new HallpassError('state-folder-unsafe', { path: printable(path), why })
}
