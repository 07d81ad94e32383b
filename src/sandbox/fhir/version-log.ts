// Every version of every resource, in memory, in the order of writing.
import type { Resource } from '@medplum/fhirtypes'
import { deepClone, type WithId } from './medplum.ts'
import type { Predicate } from './search-filter.ts'

/** One version of a resource; a deletion is a version without a resource. */
export type Version = {
  type: string
  id: string
  method: 'POST' | 'PUT' | 'DELETE'
  /** `1`, `2`, …: a deletion counts. */
  versionId: string
  /** An instant. */
  lastUpdated: string
  /** Rises with every write to the log: the order of pages. */
  sequence: number
  resource?: WithId<Resource>
}

export type LiveVersion = Version & { resource: WithId<Resource> }

export class VersionLog {
  #versions = new Map<string, Version[]>()
  #sequence = 0

  /** All versions of one resource, oldest first; none when there never was one. */
  of(type: string, id: string): Version[] {
    return this.#versions.get(`${type}/${id}`) ?? []
  }

  /** Adds a version with its number and instant in `meta`, and returns a copy of what was stored. */
  append<T extends Resource>(resource: T & { id: string }, method: 'POST' | 'PUT', lastUpdated: string): WithId<T> {
    const { resourceType, id } = resource
    const versionId = this.#nextVersionId(resourceType, id)
    const stored: WithId<T> = deepClone({ ...resource, meta: { ...resource.meta, versionId, lastUpdated } })
    this.#push({ type: resourceType, id, method, versionId, lastUpdated, sequence: ++this.#sequence, resource: stored })
    return deepClone(stored)
  }

  /** Adds the version that marks a resource as deleted. */
  remove(type: string, id: string, lastUpdated: string): void {
    this.#push({ type, id, method: 'DELETE', versionId: this.#nextVersionId(type, id), lastUpdated, sequence: ++this.#sequence })
  }

  /** Forgets a resource with all its versions. */
  erase(type: string, id: string): void {
    this.#versions.delete(`${type}/${id}`)
  }

  /** All versions of all resources, oldest first. Not copies: read only. */
  all(): Version[] {
    return [...this.#versions.values()].flat().toSorted((a, b) => a.sequence - b.sequence)
  }

  /** The live versions of a type that fulfil every predicate, in the order of their writing. Not copies: read only. */
  find(type: string, predicates: Predicate[] = []): LiveVersion[] {
    const found: LiveVersion[] = []
    for (const versions of this.#versions.values()) {
      const latest = versions.at(-1)
      const resource = latest?.resource
      if (latest && resource?.resourceType === type && predicates.every(holds => holds(resource))) found.push({ ...latest, resource })
    }
    return found.toSorted((a, b) => a.sequence - b.sequence)
  }

  /** The live resource behind `Type/id`. Not a copy: read only. */
  current(reference: string): Resource | undefined {
    return this.#versions.get(reference)?.at(-1)?.resource
  }

  /** @returns What takes the log back to how it is now. */
  mark(): () => void {
    const versions = new Map(this.#versions)
    return () => {
      this.#versions = versions
    }
  }

  #nextVersionId(type: string, id: string): string {
    return String(this.of(type, id).length + 1)
  }

  /** Lists are replaced, never changed: marks keep the old ones. */
  #push(version: Version): void {
    const { type, id } = version
    this.#versions.set(`${type}/${id}`, [...this.of(type, id), version])
  }
}
