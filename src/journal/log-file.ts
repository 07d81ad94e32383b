// The log file: lines appended in the background, bounded by turning the file over once it is full.
import { constants } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { HallpassError } from '../errors/hallpass-error.ts'

/** Bytes after which the file is set aside as `.1`, in place of the one before. */
const full = 8 * 1024 * 1024
/** Bytes that may wait for the disk; what comes beyond is counted and left out. */
const mostWaiting = 4 * 1024 * 1024

export type LogFile = {
  /** Never throws, and never waits. */
  write(line: string): void
  /** Resolves when everything is written. */
  close(): Promise<void>
}

/** `onTrouble` is called once, with log-unwritable, when the file cannot be written or is not ours alone. */
export function openLogFile(path: string, onTrouble: (error: HallpassError) => void): LogFile {
  let waiting: string[] = []
  let bytes = 0
  let left = 0
  let running: Promise<void> | undefined
  let broken = false

  const drain = async () => {
    try {
      while (waiting.length > 0) {
        const text = waiting.join('') + (left > 0 ? `{"event":"lines-left-out","count":${left}}\n` : '')
        waiting = []
        bytes = 0
        left = 0
        await append(path, text)
      }
    } catch (error) {
      broken = true
      waiting = []
      onTrouble(error instanceof HallpassError ? error : unwritable(inWords((error as NodeJS.ErrnoException).code)))
    } finally {
      running = undefined
    }
  }

  return {
    write: line => {
      if (broken) return
      if (bytes + line.length > mostWaiting) left++
      else {
        waiting.push(line)
        bytes += line.length
      }
      if (waiting.length > 0) running ??= drain()
    },
    close: async () => {
      while (running) await running
    },
  }
}

async function append(path: string, text: string): Promise<void> {
  const file = await openSafely(path)
  let size: number
  try {
    await file.appendFile(text)
    size = (await file.stat()).size
  } finally {
    await file.close()
  }
  if (size >= full) await rename(path, `${path}.1`)
}

/** Follows no link, waits for no reader of a pipe, and takes no file that has another name or owner. What others may read becomes ours alone. */
async function openSafely(path: string): Promise<FileHandle> {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
  const file = await open(path, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0o600)
  try {
    const stats = await file.stat()
    const own = process.geteuid?.()
    if (!stats.isFile()) throw unwritable('it is not a file')
    if (stats.nlink > 1) throw unwritable('it has another name')
    if (own !== undefined && stats.uid !== own) throw unwritable('it belongs to another user')
    if ((stats.mode & 0o077) !== 0) await file.chmod(0o600)
  } catch (error) {
    await file.close()
    throw error
  }
  return file
}

const words: Readonly<Record<string, string>> = {
  ELOOP: 'it is a symbolic link',
  ENXIO: 'it is a pipe',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  ENOSPC: 'the disk is full',
}

function inWords(code = 'unknown'): string {
  return words[code] ?? code
}

function unwritable(why: string): HallpassError {
  return new HallpassError('log-unwritable', { why })
}
