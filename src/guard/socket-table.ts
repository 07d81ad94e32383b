// The kernel's table of TCP sockets on Linux, /proc/net/tcp and tcp6 (proc(5)): who owns which end of a connection.
import { readFile } from 'node:fs/promises'
import { endianness } from 'node:os'

/** A socket of the table. A row without an inode is left out: its owner has closed it, and the kernel then says uid 0. */
export type SocketRow = { uid: number; inode: string; established: boolean }

/** Sockets by both their ends, as `LOCAL>REMOTE` in the kernel's spelling. */
export type SocketTable = Map<string, SocketRow>

/** Two sockets under one key: the table was read while it changed, and nothing follows from it. */
export const ambiguous: SocketRow = { uid: -1, inode: '', established: false }

export type TableName = 'tcp' | 'tcp6'

/** Reads one of the two tables of the network namespace that we are in. Rejects where there is none. */
export type ReadTable = (name: TableName) => Promise<string>

export const readSocketTable: ReadTable = name => readFile(`/proc/self/net/${name}`, 'latin1')

const row = /^ *\d+: ([0-9A-F]+:[0-9A-F]{4}) ([0-9A-F]+:[0-9A-F]{4}) ([0-9A-F]{2}) \S+ \S+ \S+ +(\d+) +\d+ ([1-9]\d*) /gm

/** Adds the connected sockets of a table's text. */
export function addRows(table: SocketTable, text: string): void {
  for (const [, local = '', remote = '', state, uid = '', inode = ''] of text.matchAll(row)) {
    const key = `${local}>${remote}`
    const known = table.get(key)
    table.set(key, known && known.inode !== inode ? ambiguous : { uid: Number(uid), inode, established: state === '01' })
  }
}

/** The owner of the socket that listens on an address and port, or on all addresses; undefined when the table shows none. */
export function listenerIn(text: string, address: string, port: number): number | undefined {
  const everywhere = /^0+$/
  for (const [, local = '', , state, uid] of text.matchAll(row)) {
    const [where = '', at = ''] = local.split(':')
    if (state === '0A' && Number.parseInt(at, 16) === port && (everywhere.test(where) || spellings(address).includes(where)))
      return Number(uid)
  }
  return undefined
}

/** An end of a connection in every spelling that the tables may have for it. */
export function endSpellings(address: string, port: number): string[] {
  const at = port.toString(16).toUpperCase().padStart(4, '0')
  return spellings(address).map(where => `${where}:${at}`)
}

/** An IPv4 address stands in `tcp` for AF_INET sockets, and mapped (RFC 4291 section 2.5.5.2) in `tcp6` for AF_INET6 ones. */
function spellings(address: string): string[] {
  if (address === '::1') return [spell([0, 0, 0, 1])]
  const [, plain] = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (plain === undefined) return []
  const word = plain.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  return [spell([word]), spell([0, 0, 0xffff, word])]
}

/** The kernel prints each 32-bit word of an address as the processor would read it. */
function spell(words: readonly number[]): string {
  return words.map(word => hex(word)).join('')
}

const isLittle = endianness() === 'LE'

function hex(word: number): string {
  const bytes = word.toString(16).toUpperCase().padStart(8, '0')
  return isLittle ? (bytes.match(/../g) ?? []).reverse().join('') : bytes
}
