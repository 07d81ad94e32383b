// The log file: lines appended in the background, bounded by turning the file over once it is full.
import { constants } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'

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

/** `onTrouble` is called once, with the system's code, when the file cannot be written. */
export function openLogFile(path: string, onTrouble: (code: string) => void): LogFile {
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
      onTrouble(String((error as NodeJS.ErrnoException).code ?? 'unknown'))
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
      running ??= drain()
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

/** Follows no link; the file is its owner's alone, also when it was there before. */
async function openSafely(path: string): Promise<FileHandle> {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW = 0 } = constants
  const file = await open(path, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600)
  try {
    if (((await file.stat()).mode & 0o077) !== 0) await file.chmod(0o600)
  } catch (error) {
    await file.close()
    throw error
  }
  return file
}
