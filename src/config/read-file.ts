// Reads a configuration file so that nobody else can have a say in what it says.
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { HallpassError } from '../errors/hallpass-error.ts'
import { printable } from '../terms/printable.ts'

/** Bytes that a configuration can have. */
const mostBytes = 1 << 20

/**
 * The text of a configuration file. Its owner must be the user or root. Unless its content is pinned by trust (`pinned`), nobody else may write
 * the file, or its folder, or the folder of a link that leads to it. Throws config-missing or config-unreadable.
 */
export function readConfigFile(path: string, { pinned = false } = {}): string {
  const refuse = (why: string) => new HallpassError('config-unreadable', { path: printable(path), why })
  try {
    if (!pinned) for (const folder of foldersOf(path)) refuseUnsafeFolder(path, folder, refuse)
    return readChecked(path, pinned, refuse)
  } catch (error) {
    if (error instanceof HallpassError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new HallpassError('config-missing', { path: printable(path) })
    throw refuse(reasons[String(code)] ?? String(code ?? 'it is not UTF-8 text'))
  }
}

const reasons: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'its symbolic links lead in a circle',
  ENXIO: 'it is not a file',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
}

function readChecked(path: string, pinned: boolean, refuse: (why: string) => HallpassError): string {
  // What is opened is what is looked at; non-blocking, because opening a pipe would wait for its writer.
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = fstatSync(descriptor)
    if (stats.isDirectory()) throw refuse('it is a folder')
    if (!stats.isFile()) throw refuse('it is not a file')
    if (stats.size > mostBytes) throw refuse('it is larger than 1 MiB')
    if (isForeign(stats)) throw refuse('it belongs to another user')
    if (!pinned && process.getuid && stats.mode & 0o022) throw refuse('other users may write it (`chmod go-w` it)')
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(descriptor))
  } finally {
    closeSync(descriptor)
  }
}

/** The folder of the path, and that of the file to which its links lead. */
function foldersOf(path: string): Set<string> {
  return new Set([dirname(path), dirname(realpathSync(path))])
}

/** Whoever may write a folder may put another file in the place of ours; in a folder like /tmp, only in the place of a link that is theirs. */
function refuseUnsafeFolder(path: string, folder: string, refuse: (why: string) => HallpassError): void {
  if (process.getuid === undefined) return
  const stats = statSync(folder)
  if (isForeign(stats)) throw refuse(`its folder ${printable(folder)} belongs to another user`)
  if (!(stats.mode & 0o002)) return
  const link = lstatSync(path)
  const protectedBySticky = Boolean(stats.mode & 0o1000) && !isForeign(link)
  if (!protectedBySticky) throw refuse(`every user may write its folder ${printable(folder)}`)
}

function isForeign({ uid }: Stats): boolean {
  const own = process.getuid?.()
  return own !== undefined && uid !== own && uid !== 0
}
