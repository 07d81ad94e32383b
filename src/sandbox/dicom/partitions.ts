// Data partitions: stores that know nothing of each other behind one service (Enable data partitioning, Azure Health Data Services).
import { ChangeFeed } from './change-feed.ts'
import { InstanceStore } from './instance-store.ts'
import { Refusal } from './refusal.ts'
import { WorkitemStore } from './workitem-store.ts'

export const defaultPartition = 'Microsoft.Default'

export type Partition = {
  key: number
  name: string
  /** ISO 8601, UTC. */
  created: string
  instances: InstanceStore
  workitems: WorkitemStore
  /** Where its resources are, such as `http://localhost:51234/v2`. */
  base: () => string
}

export type PartitionOptions = {
  /** Whether requests must name a partition; otherwise none may, and all is in the default one. */
  enabled: boolean
  /** Bytes of files that all partitions take together. */
  capacity: number
  /** Milliseconds since the epoch. */
  clock: () => number
  /** Where the service is, such as `http://localhost:51234/v2`. */
  base: () => string
}

export class Partitions {
  readonly #options: PartitionOptions
  readonly #capacity: { left: number }
  readonly #partitions = new Map<string, Partition>()
  readonly changeFeed: ChangeFeed

  constructor(options: PartitionOptions) {
    this.#options = options
    this.#capacity = { left: options.capacity }
    this.changeFeed = new ChangeFeed(options.clock, (name, uids) => this.#partitions.get(name)?.instances.get(uids))
    this.#create(defaultPartition)
  }

  /** The partition that all is in without data partitions, and that what was there before them is in. */
  get default(): Partition {
    return this.#partitions.get(defaultPartition) ?? this.#create(defaultPartition)
  }

  /** @throws Refusal 400 while data partitions are disabled. */
  list(): Partition[] {
    if (!this.#options.enabled) throw disabled()
    return [...this.#partitions.values()]
  }

  /**
   * The partition that a request is about.
   * @param name - As in the request's path; undefined when that names none.
   * @param mayCreate - Storing files and creating workitems creates partitions too.
   * @throws Refusal 400 when the name is missing, not allowed, malformed or unknown.
   */
  find(name: string | undefined, mayCreate: boolean): Partition {
    const { enabled } = this.#options
    if (name === undefined) {
      if (enabled) throw new Refusal(400, 'PartitionName value is missing in the route segment.')
      return this.default
    }
    if (!enabled) throw disabled()
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name)) throw new Refusal(400, 'The specified PartitionName is invalid.')
    const found = this.#partitions.get(name)
    if (found) return found
    if (!mayCreate) throw new Refusal(400, 'Specified PartitionName does not exist.')
    return this.#create(name)
  }

  #create(name: string): Partition {
    const { enabled, base, clock } = this.#options
    const partition: Partition = {
      key: this.#partitions.size + 1,
      name,
      created: new Date(clock()).toISOString(),
      instances: new InstanceStore(this.#capacity, change => this.changeFeed.record(name, change)),
      workitems: new WorkitemStore(),
      base: () => (enabled ? `${base()}/partitions/${name}` : base()),
    }
    this.#partitions.set(name, partition)
    return partition
  }
}

function disabled(): Refusal {
  return new Refusal(400, 'Data partitions feature is disabled.')
}
