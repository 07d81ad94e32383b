// Remembers which project files the user trusts: by the hash of their exact content, so that a changed file asks again.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { readPrivateFile, replacePrivateFile, securePrivateFolder } from '../files/private-files.ts'

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
  securePrivateFolder(state)
  const others = readTrusted(state).filter(entry => entry.sha256 !== sha256)
  const trusted: Trusted[] = [...others.slice(1 - mostTrusted), { sha256, path, trustedAt: new Date(now).toISOString() }]
  replacePrivateFile(trustPath(state), `${JSON.stringify({ version: 1, trusted }, null, 2)}\n`)
}

/** What is trusted; nothing when the list is missing or is not ours to understand, so that the question comes again. */
function readTrusted(state: string): Trusted[] {
  const text = readPrivateFile(trustPath(state))
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
