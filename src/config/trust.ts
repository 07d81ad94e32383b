// Remembers which project files the user trusts: by the hash of their exact content, so that a changed file asks again.
import { createHash, randomUUID } from 'node:crypto'
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
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { HallpassError } from '../errors/hallpass-error.ts'
import { printable } from '../terms/printable.ts'

/** The list of what is trusted, inside the folder for what outlives the daemon. */
export function trustPath(state: string): string {
  return join(state, 'trusted.json')
}

/** The hash by which a content is trusted: SHA-256 in hex. */
export function contentHash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Contents that are remembered: those of branches between which one goes back and forth, of every project. */
const mostTrusted = 500

type Trusted = { sha256: string; path: string; trustedAt: string }

/** True when the user trusted exactly this content. Throws state-folder-unsafe when others may have written the list. */
export function isTrusted(state: string, sha256: string): boolean {
  return readTrusted(state).some(entry => entry.sha256 === sha256)
}

/** Remembers that the user trusts a content. `now` is in milliseconds since the epoch. Throws state-folder-unsafe. */
export function recordTrust(state: string, { sha256, path, now }: { sha256: string; path: string; now: number }): void {
  secureFolder(state)
  const others = readTrusted(state).filter(entry => entry.sha256 !== sha256)
  const trusted: Trusted[] = [...others.slice(1 - mostTrusted), { sha256, path, trustedAt: new Date(now).toISOString() }]
  replaceFile(trustPath(state), `${JSON.stringify({ version: 1, trusted }, null, 2)}\n`)
}

/** What is trusted; nothing when the list is missing or is not ours to understand, so that the question comes again. */
function readTrusted(state: string): Trusted[] {
  const text = readPrivate(trustPath(state))
  if (text === undefined) return []
  const list = parsed(text)
  return Array.isArray(list) ? list.filter(isEntry) : []
}

function isEntry(entry: unknown): entry is Trusted {
  const { sha256, path } = (entry ?? {}) as Partial<Trusted>
  return typeof sha256 === 'string' && typeof path === 'string'
}

function parsed(text: string): unknown {
  try {
    const document = JSON.parse(text) as { version?: unknown; trusted?: unknown } | null
    return document?.version === 1 ? document.trusted : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The text of a file that only the user may write, and that is no link. */
function readPrivate(path: string): string | undefined {
  const refuse = (why: string) => new HallpassError('state-folder-unsafe', { path: printable(path), why })
  const descriptor = openPrivate(path, refuse)
  if (descriptor === undefined) return undefined
  try {
    const { uid, mode } = fstatSync(descriptor)
    const own = process.getuid?.()
    if (own !== undefined && uid !== own) throw refuse('it belongs to another user')
    if (own !== undefined && mode & 0o022) throw refuse('other users may write it')
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

function openPrivate(path: string, refuse: (why: string) => HallpassError): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw refuse(code === 'ELOOP' ? 'it is a symbolic link' : `it cannot be read: ${code}`)
  }
}

function secureFolder(path: string): void {
  const refuse = (why: string) => new HallpassError('state-folder-unsafe', { path: printable(path), why })
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw refuse(`it cannot be made: ${(error as NodeJS.ErrnoException).code}`)
  }
  const stats = lstatSync(path)
  const own = process.getuid?.()
  if (!stats.isDirectory()) throw refuse('it is not a folder')
  if (own !== undefined && stats.uid !== own) throw refuse('it belongs to another user')
  if (own !== undefined && stats.mode & 0o077) throw refuse('other users may enter it')
}

/** Writes a file that only its owner can read, at once or not at all. */
function replaceFile(path: string, text: string): void {
  const draft = `${path}.${randomUUID()}.tmp`
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
    throw new HallpassError('state-folder-unsafe', {
      path: dirname(path),
      why: `it cannot be written: ${(error as NodeJS.ErrnoException).code}`,
    })
  }
}
