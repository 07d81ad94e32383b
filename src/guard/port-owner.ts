// Whose process listens on a port, where the kernel tells.
import { listenerIn, type ReadTable, readSocketTable } from './socket-table.ts'

/** The user who listens on an address and port of this machine; undefined where it cannot be told. */
export async function portOwner(address: string, port: number, readTable: ReadTable = readSocketTable): Promise<number | undefined> {
  for (const name of address === '::1' ? (['tcp6'] as const) : (['tcp', 'tcp6'] as const)) {
    const text = await readTable(name).catch(absent)
    const uid = text === undefined ? undefined : listenerIn(text, address, port)
    if (uid !== undefined) return uid
  }
  return undefined
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === undefined) throw error
  return undefined
}
