// Reads a configuration file so that nobody else can have a say in what it says.
import { HallpassError } from '../errors/hallpass-error.ts'
import { readTrustedFile } from '../files/trusted-file.ts'
import { printable } from '../terms/printable.ts'

/** Bytes that a configuration can have. */
const mostBytes = 1 << 20

/**
 * The text of a configuration file. Its owner must be the user or root. Unless its content is pinned by trust (`pinned`), nobody else may write
 * the file or have a say in the way to it. Throws config-missing or config-unreadable.
 */
export function readConfigFile(path: string, { pinned = false } = {}): string {
  const refuse = (why: string) => new HallpassError('config-unreadable', { path: printable(path), why })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readTrustedFile(path, { mostBytes, pinned, refuse }))
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
