// The change feed: what was stored, replaced and deleted, in the order in which it happened (Change feed overview, API version 2).
import type { Dataset } from './dicom-json.ts'
import type { Change, Instance, InstanceUids } from './instance-store.ts'
import { Refusal } from './refusal.ts'

type Event = InstanceUids & { action: Change['action']; timestamp: number; partition: string; version: number }

/** One entry; names and values as the service's OpenAPI document has them, `metadata` while the instance is there. */
export type ChangeFeedEntry = {
  sequence: number
  partitionName: string
  studyInstanceUid: string
  seriesInstanceUid: string
  sopInstanceUid: string
  action: Change['action']
  /** ISO 8601, UTC. */
  timestamp: string
  state: 'current' | 'replaced' | 'deleted'
  metadata?: Dataset
}

/** Looks up what an instance is now. */
type Lookup = (partition: string, uids: InstanceUids) => Instance | undefined

const defaultLimit = 100
const maxLimit = 200

export class ChangeFeed {
  readonly #clock: () => number
  readonly #lookup: Lookup
  readonly #events: Event[] = []

  /** @param clock - Milliseconds since the epoch. */
  constructor(clock: () => number, lookup: Lookup) {
    this.#clock = clock
    this.#lookup = lookup
  }

  record(partition: string, { action, instance: { study, series, instance, sequence } }: Change): void {
    this.#events.push({ study, series, instance, action, partition, version: sequence, timestamp: this.#clock() })
  }

  /**
   * A page of the events within a time window.
   * @throws Refusal 400 for a parameter that cannot be understood.
   */
  read(parameters: URLSearchParams): ChangeFeedEntry[] {
    const { limit, offset, start, end, includeMetadata } = readParameters(parameters)
    const within = [...this.#events.entries()].filter(([, { timestamp }]) => timestamp >= start && timestamp < end)
    return within.slice(offset, offset + limit).map(([index, event]) => this.#entry(index, event, includeMetadata))
  }

  /** The newest event, undefined when nothing happened yet. */
  latest(parameters: URLSearchParams): ChangeFeedEntry | undefined {
    const index = this.#events.length - 1
    const event = this.#events[index]
    return event && this.#entry(index, event, readParameters(parameters).includeMetadata)
  }

  #entry(index: number, event: Event, includeMetadata: boolean): ChangeFeedEntry {
    const { study, series, instance, action, partition, timestamp, version } = event
    const now = this.#lookup(partition, event)
    const isCurrent = now?.sequence === version && action !== 'delete'
    return {
      sequence: index + 1,
      partitionName: partition,
      studyInstanceUid: study,
      seriesInstanceUid: series,
      sopInstanceUid: instance,
      action,
      timestamp: new Date(timestamp).toISOString(),
      state: now === undefined ? 'deleted' : isCurrent ? 'current' : 'replaced',
      ...(includeMetadata && now && { metadata: now.dataset }),
    }
  }
}

function readParameters(parameters: URLSearchParams) {
  // Names of parameters are case-insensitive to the service.
  const values = new Map([...parameters].map(([name, value]) => [name.toLowerCase(), value]))
  const start = readTime(values.get('starttime')) ?? Number.NEGATIVE_INFINITY
  const end = readTime(values.get('endtime')) ?? Number.POSITIVE_INFINITY
  if (start >= end)
    throw new Refusal(
      400,
      `The start time '${values.get('starttime')}' must occur strictly before the end time '${values.get('endtime')}'.`,
    )
  return {
    start,
    end,
    limit: readNumber(values.get('limit'), 'limit', 1, maxLimit) ?? defaultLimit,
    offset: readNumber(values.get('offset'), 'offset', 0, Number.MAX_SAFE_INTEGER) ?? 0,
    includeMetadata: readBoolean(values.get('includemetadata')) ?? true,
  }
}

function readTime(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const time = Date.parse(value)
  if (Number.isNaN(time)) throw new Refusal(400, `Unable to parse value '${value}' as DateTimeOffset.`)
  if (!/(?:Z|[+-]\d\d:?\d\d)$/i.test(value)) throw new Refusal(400, 'Date and time value must specify a time zone.')
  return time
}

function readNumber(value: string | undefined, name: string, low: number, high: number): number | undefined {
  if (value === undefined) return undefined
  if (!/^-?\d{1,15}$/.test(value)) throw new Refusal(400, `Unable to parse value '${value}' as Int64.`)
  const number = Number(value)
  if (number < low || number > high) throw new Refusal(400, `The field ${name} must be between ${low} and ${high}.`)
  return number
}

function readBoolean(value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined
  if (!/^(true|false)$/i.test(value)) throw new Refusal(400, `Unable to parse value '${value}' as Boolean.`)
  return value.toLowerCase() === 'true'
}
