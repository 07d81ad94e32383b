// Keeps DICOM instances in memory: the bytes as they came, and the dataset that searches and metadata read.
import type { Dataset } from './dicom-json.ts'

export type InstanceUids = { study: string; series: string; instance: string }

export type Instance = InstanceUids & {
  sopClass: string
  transferSyntax: string
  /** The file as it was uploaded. */
  bytes: Uint8Array<ArrayBuffer>
  dataset: Dataset
  /** Rises with every instance stored: searches list the newest first. */
  sequence: number
}

/** What to look up: a study, one of its series, or one of that series' instances. */
export type Place = { study: string; series?: string; instance?: string }

/** What happened to an instance; a replaced one is given as it is after. */
export type Change = { action: 'create' | 'update' | 'delete'; instance: Instance }

/** Bytes that the stores which share it take together. */
export type Capacity = { left: number }

export class InstanceStore {
  readonly #capacity: Capacity
  readonly #onChange: (change: Change) => void
  readonly #instances = new Map<string, Instance>()
  #sequence = 0

  constructor(capacity: Capacity, onChange: (change: Change) => void) {
    this.#capacity = capacity
    this.#onChange = onChange
  }

  /** Whether so many bytes still fit. */
  hasRoomFor(bytes: number): boolean {
    return bytes <= this.#capacity.left
  }

  /** @returns false, and changes nothing, when the study has such an instance already. */
  add(instance: Omit<Instance, 'sequence'>): boolean {
    if (this.#instances.has(keyOf(instance))) return false
    this.#put(instance, 'create')
    return true
  }

  /** Stores an instance in place of one that may be there. */
  replace(instance: Omit<Instance, 'sequence'>): void {
    const previous = this.#instances.get(keyOf(instance))
    if (previous) this.#capacity.left += previous.bytes.length
    this.#put(instance, previous ? 'update' : 'create')
  }

  #put(unnumbered: Omit<Instance, 'sequence'>, action: Change['action']): void {
    const instance = { ...unnumbered, sequence: ++this.#sequence }
    this.#instances.set(keyOf(instance), instance)
    this.#capacity.left -= instance.bytes.length
    this.#onChange({ action, instance })
  }

  get(uids: InstanceUids): Instance | undefined {
    return this.#instances.get(keyOf(uids))
  }

  /** All instances at a place in the order in which they were stored; of the whole store without one. */
  find(place?: Place): Instance[] {
    const all = [...this.#instances.values()]
    if (!place) return all
    const { study, series, instance } = place
    return all.filter(candidate => {
      if (candidate.study !== study || (series !== undefined && candidate.series !== series)) return false
      return instance === undefined || candidate.instance === instance
    })
  }

  /** @returns How many instances there were. */
  remove(place: Place): number {
    const found = this.find(place)
    for (const instance of found) {
      this.#instances.delete(keyOf(instance))
      this.#capacity.left += instance.bytes.length
      this.#onChange({ action: 'delete', instance })
    }
    return found.length
  }
}

function keyOf({ study, series, instance }: InstanceUids): string {
  return `${study}/${series}/${instance}`
}
