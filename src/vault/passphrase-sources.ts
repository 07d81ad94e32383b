// Where a passphrase comes from: typed at a terminal, a file or descriptor that is the user's, or a systemd credential. Never argv, never a variable.
import * as fs from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Passphrase } from './passphrase-key.ts'
import { codeOf } from './private-file.ts'

export type PassphraseEdges = {
  /** The setting `vaultPassphraseFile`; empty when nothing is set. */
  file: string
  /** Asks a person, who types without being shown; undefined when nobody is there. */
  ask: ((question: string) => Promise<string>) | undefined
  /** `$CREDENTIALS_DIRECTORY` of systemd. */
  credentials: string | undefined
}

/** The credential's name: `LoadCredential=hallpass-vault:PATH` or `LoadCredentialEncrypted=`. */
const credentialName = 'hallpass-vault'

const mostBytes = 4096

const [open, stat, read, close] = [promisify(fs.open), promisify(fs.fstat), promisify(fs.read), promisify(fs.close)]

/** The source of a kind, from what is configured. Every failure is `vault-passphrase-missing` with why. */
export function passphraseFrom(kind: Passphrase['kind'], { file, ask, credentials }: PassphraseEdges): Passphrase {
  if (kind === 'credential')
    return {
      kind,
      description: 'the key comes from a systemd credential',
      obtain: async () => {
        if (!credentials) throw missing(`systemd gives none (\`LoadCredential=${credentialName}:PATH\` in the unit)`)
        return readPassphrase(join(credentials, credentialName))
      },
    }
  if (file) return { kind, description: `the key comes from the passphrase in ${file}`, obtain: () => readPassphrase(file) }
  return { kind, description: 'the key comes from a passphrase that you type', obtain: fresh => typed(ask, fresh) }
}

async function typed(ask: PassphraseEdges['ask'], fresh: boolean): Promise<string> {
  if (!ask) throw missing('nobody can be asked here')
  const passphrase = await ask(fresh ? 'New passphrase of the vault: ' : 'Passphrase of the vault: ')
  if (!passphrase) throw missing('nothing was typed')
  if (fresh && (await ask('The same once more: ')) !== passphrase) throw missing('the two were not the same')
  return passphrase
}

/** Its first line. A link is followed: what counts is what was opened. A descriptor is read as it is: a socket has no path that could be opened. */
async function readPassphrase(path: string): Promise<string> {
  if (!isAbsolute(path)) throw missing(`${path} is not an absolute path`)
  const given = /^\/dev\/fd\/(\d{1,9})$/.exec(path)?.[1]
  try {
    const descriptor = given === undefined ? await open(path, fs.constants.O_RDONLY) : Number(given)
    try {
      refuseUnsafe(path, await stat(descriptor))
      return firstLine(path, await readAtMost(descriptor))
    } finally {
      await close(descriptor)
    }
  } catch (thrown) {
    throw thrown instanceof HallpassError ? thrown : missing(`${path} cannot be read (${codeOf(thrown)})`)
  }
}

function firstLine(path: string, bytes: Buffer): string {
  const [line = ''] = bytes.toString('utf8').split(/\r?\n/)
  if (!line) throw missing(`${path} is empty`)
  return line
}

/** A pipe gives what it has in pieces. */
async function readAtMost(descriptor: number): Promise<Buffer> {
  const buffer = Buffer.alloc(mostBytes)
  let length = 0
  while (length < mostBytes) {
    const { bytesRead } = await read(descriptor, buffer, length, mostBytes - length, null)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}

/** systemd's own files belong to root and give their unit access by group or ACL, so root's may be readable by the group. */
function refuseUnsafe(path: string, stats: fs.Stats): void {
  const own = process.getuid?.()
  if (stats.isDirectory()) throw missing(`${path} is a folder`)
  if (own === undefined || stats.isFIFO() || stats.isSocket() || stats.isCharacterDevice()) return
  if (stats.uid !== own && stats.uid !== 0) throw unsafe(path, 'it belongs to another user')
  if (stats.mode & (stats.uid === own ? 0o077 : 0o037)) throw unsafe(path, 'other users may read or write it')
}

function missing(why: string): HallpassError {
  return new HallpassError('vault-passphrase-missing', { why })
}

function unsafe(path: string, why: string): HallpassError {
  return new HallpassError('vault-file-unsafe', { path, why })
}
