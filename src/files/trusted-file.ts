// Reads a file that decides whom we trust, so that nobody but the user and root can have a say in what it says.
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { dangerOnWay } from './way.ts'

export type Trusting = {
  /** Bytes that the file can have; a power of two. */
  mostBytes: number
  /** Its content is known by its hash, so that others may write it. */
  pinned?: boolean
  /** The error for a rule that is broken, said as a clause. */
  refuse: (why: string) => Error
}

/**
 * The bytes of a file. Its owner must be the user or root. Unless `pinned`, nobody else may write the file or have a say in the way to it. Throws what `refuse` makes, and what the system says of a file that cannot be read.
 */
export function readTrustedFile(path: string, trusting: Trusting): Buffer {
  const own = process.getuid?.()
  const danger = trusting.pinned || own === undefined ? undefined : dangerOnWay(path, own)
  if (danger) throw trusting.refuse(danger)
  return readChecked(path, trusting)
}

function readChecked(path: string, { mostBytes, pinned = false, refuse }: Trusting): Buffer {
  // What is opened is what is looked at; non-blocking, because opening a pipe would wait for its writer.
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = fstatSync(descriptor)
    if (stats.isDirectory()) throw refuse('it is a folder')
    if (!stats.isFile()) throw refuse('it is not a file')
    if (stats.size > mostBytes) throw refuse(`it is larger than ${mostBytes >> 20} MiB`)
    if (isForeign(stats)) throw refuse('it belongs to another user')
    if (!pinned && process.getuid && stats.mode & 0o022) throw refuse('other users may write it (`chmod go-w` it)')
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function isForeign({ uid }: Stats): boolean {
  const own = process.getuid?.()
  return own !== undefined && uid !== own && uid !== 0
}
