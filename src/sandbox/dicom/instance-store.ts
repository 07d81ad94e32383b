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

export class InstanceStore {
  readonly #capacity: number
  readonly #instances = new Map<string, Instance>()
  #size = 0
  #sequence = 0

  /** @param capacity - Bytes of files that the store takes. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Whether so many bytes still fit. */
  hasRoomFor(bytes: number): boolean {
    return this.#size + bytes <= this.#capacity
  }

  /** @returns false, and changes nothing, when the study has such an instance already. */
  add(instance: Omit<Instance, 'sequence'>): boolean {
    const key = keyOf(instance)
    if (this.#instances.has(key)) return false
    this.#instances.set(key, { ...instance, sequence: ++this.#sequence })
    this.#size += instance.bytes.length
    return true
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
      this.#size -= instance.bytes.length
    }
    return found.length
  }
}

function keyOf({ study, series, instance }: InstanceUids): string {
  return `${study}/${series}/${instance}`
}
