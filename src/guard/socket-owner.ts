// Looks up which user owns the other end of a connection: one read of the tables for all connections that arrived before it began.
import { addRows, ambiguous, endSpellings, type ReadTable, type SocketTable } from './socket-table.ts'

/** A connection as its accepting socket sees it. */
export type Connection = {
  localAddress: string
  localPort: number
  remoteAddress: string
  remotePort: number
  /** Inode of our own end, which tells it from an earlier connection between the same ports. */
  inode: string
}

/**
 * The user's number; `unlisted` when our own end is connected and the other one is in no table, as a program of Windows is on WSL; undefined when
 * nothing can be told: the client has closed, or another connection took the place of this one.
 */
export type Owner = number | 'unlisted' | undefined
export type OwnerOf = (connection: Connection) => Promise<Owner>

/** The tables are not read at one moment (seq_file): what was not found may be there on a second look. */
const looks = 3

type Question = { connection: Connection; looksLeft: number; last: Owner; answer: (owner: Owner) => void }

/** Answers by the tables that `readTable` gives. Never rejects: where a table cannot be read, nothing can be told. */
export function createOwnerLookup(readTable: ReadTable): OwnerOf {
  let waiting: Question[] = []
  let running = false
  const run = async () => {
    running = true
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      for (const question of await unanswered(batch, readTable)) {
        if (--question.looksLeft > 0) waiting.push(question)
        else question.answer(question.last)
      }
    }
    running = false
  }
  return connection =>
    new Promise(answer => {
      waiting.push({ connection, looksLeft: looks, last: undefined, answer })
      // In a later turn of the loop, so that connections which arrive together share the read.
      if (!running) setImmediate(() => running || run())
    })
}

/** Answers what the tables tell; gives the rest. The second table costs as much as the first, and is read only when the first does not do. */
async function unanswered(batch: readonly Question[], readTable: ReadTable): Promise<readonly Question[]> {
  const table: SocketTable = new Map()
  const texts: string[] = []
  let rest = batch
  const look = async (name: 'tcp' | 'tcp6') => {
    const text = await readTable(name).catch(unreadable)
    if (text === undefined) return
    addRows(table, text)
    texts.push(text)
    rest = rest.filter(question => {
      question.last = ownerIn(table, texts, question.connection)
      if (typeof question.last !== 'number') return true
      question.answer(question.last)
      return false
    })
  }
  if (batch.some(({ connection }) => connection.localAddress !== '::1')) await look('tcp')
  if (rest.length > 0) await look('tcp6')
  return rest
}

/** No table, or no descriptor left to read it with: the question stays unanswered, which is a refusal. */
function unreadable(error: NodeJS.ErrnoException): undefined {
  if (error.code === undefined) throw error
  return undefined
}

function ownerIn(table: SocketTable, texts: readonly string[], { inode, ...ends }: Connection): Owner {
  const ours = endSpellings(ends.localAddress, ends.localPort)
  const theirs = endSpellings(ends.remoteAddress, ends.remotePort)
  const rowOf = (from: readonly string[], to: readonly string[]) =>
    from.map((end, index) => table.get(`${end}>${to[index]}`)).find(row => row !== undefined)
  const own = rowOf(ours, theirs)
  if (own === undefined || own === ambiguous || own.inode !== inode) return undefined
  const client = rowOf(theirs, ours)
  // Who was there and has gone is not unlisted: his end closes ours, or is there without an inode while we have not read all that he sent.
  const isListed = () => texts.some(text => theirs.some((end, index) => text.includes(` ${end} ${ours[index]} `)))
  if (client === undefined) return own.established && !isListed() ? 'unlisted' : undefined
  return client === ambiguous ? undefined : client.uid
}
