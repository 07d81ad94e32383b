// The journal: the last exchanges in a ring in memory, made once, and counters since the start.
import type { Random } from '../terms/edges.ts'
import { type ExchangeRecord, emptyRecord } from './record.ts'

/** Since the daemon's start. */
export type JournalCounts = {
  exchanges: number
  /** Exchanges in which the client's own Authorization was replaced. */
  ownAuthorizations: number
  /** How often each request field was not forwarded, by its name in small letters. */
  droppedFields: ReadonlyMap<string, number>
}

/** What writes itself into a record: every field of it, for records are used again. */
export interface Recordable {
  record(into: ExchangeRecord): void
}

export type Journal = {
  /** How many exchanges it remembers. */
  readonly size: number
  /** A name for an exchange that begins. */
  nextId(): string
  /** Takes an exchange that has ended. */
  add(ended: Recordable): void
  /** A request field was not forwarded. */
  dropped(name: string): void
  find(id: string): ExchangeRecord | undefined
  /** The exchanges that are still remembered, the oldest first. */
  records(): ExchangeRecord[]
  counts(): JournalCounts
}

/** Names of fields that are counted one by one; a client that invents ever new ones is counted under `(others)`. */
const mostNames = 100

/** Remembers `size` exchanges. `tell` gets each of them, when somebody wants them told. */
export function createJournal(size: number, random: Random, tell?: (record: ExchangeRecord) => void): Journal {
  const ring = Array.from({ length: size }, emptyRecord)
  const tag = tagOf(random)
  const droppedFields = new Map<string, number>()
  let ids = 0
  let added = 0
  let ownAuthorizations = 0
  const records = () => {
    const at = added % size
    return added < size ? ring.slice(0, added) : [...ring.slice(at), ...ring.slice(0, at)]
  }
  return {
    size,
    nextId: () => `${tag}-${(++ids).toString(36)}`,
    add: ended => {
      const record = ring[added++ % size] as ExchangeRecord
      ended.record(record)
      if (record.ownAuthorization) ownAuthorizations++
      tell?.(record)
    },
    dropped: name => {
      const known = droppedFields.has(name) || droppedFields.size < mostNames ? name : '(others)'
      droppedFields.set(known, (droppedFields.get(known) ?? 0) + 1)
    },
    find: id => records().find(record => record.id === id),
    records,
    counts: () => ({ exchanges: added, ownAuthorizations, droppedFields }),
  }
}

/** Four letters or digits that tell this run's exchanges from another's. */
function tagOf(random: Random): string {
  return `${random(24)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')}0000`.slice(0, 4)
}
