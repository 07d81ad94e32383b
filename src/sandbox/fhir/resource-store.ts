// Keeps resources and all their versions in memory, behind the repository interface of @medplum/fhir-router.
import { randomUUID } from 'node:crypto'
import type { Bundle, Parameters, Reference, Resource } from '@medplum/fhirtypes'
import { deepClone, FhirRepository, type Filter, getExtraEntries, type Operation, type SearchRequest, type WithId } from './medplum.ts'
import { applyPatchTo } from './patching.ts'
import { refuse } from './refusal.ts'
import { demandValid } from './resource-check.ts'
import { compileFilter, type Lookup, type Predicate } from './search-filter.ts'
import { type LiveVersion, type Version, VersionLog } from './version-log.ts'

/** Prefixes of values that @medplum's search parser moves into a filter's operator. */
const prefixOperators = ['ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap']

// Not its MemoryRepository: that one numbers no versions, forgets deletions, turns the history over with each reading and rolls nothing back.
export class ResourceStore extends FhirRepository implements Lookup {
  readonly #clock: () => number
  readonly #log = new VersionLog()

  /** @param clock - Milliseconds since the epoch. */
  constructor(clock: () => number) {
    super()
    this.#clock = clock
  }

  override setMode(): void {
    // One store serves readers and writers.
  }

  override generateId(): string {
    return randomUUID()
  }

  /** A create ignores the id that the client sent (FHIR R4, RESTful API, 3.1.0.8), unless a transaction assigned it. */
  override async createResource<T extends Resource>(resource: T, options?: { assignedId?: boolean }): Promise<WithId<T>> {
    return this.#write(resource, options?.assignedId && resource.id ? resource.id : this.generateId(), 'POST')
  }

  override async updateResource<T extends Resource>(resource: T, options?: { ifMatch?: string }): Promise<WithId<T>> {
    const { resourceType, id = '' } = resource
    if (!/^[A-Za-z0-9\-.]{1,64}$/.test(id)) throw refuse(400, 'invalid', 'Id must be 1 to 64 of A-Z a-z 0-9 - .')
    this.#demandVersion(resourceType, id, options?.ifMatch)
    return this.#write(resource, id, 'PUT')
  }

  /** Stores records that are known to be valid, with the instants that they bring. */
  load(records: Iterable<{ resource: Resource & { id: string }; lastUpdated: string }>): void {
    for (const { resource, lastUpdated } of records) this.#log.append(resource, 'PUT', lastUpdated)
  }

  override async deleteResource(type: string, id: string, options?: { ifMatch?: string }): Promise<void> {
    this.#demandVersion(type, id, options?.ifMatch)
    if (this.current(`${type}/${id}`)) this.#log.remove(type, id, this.#now())
  }

  override async patchResource<T extends Resource>(
    type: T['resourceType'],
    id: string,
    patch: Operation[] | Parameters,
    options?: { ifMatch?: string },
  ): Promise<WithId<T>> {
    const resource = await this.readResource<T>(type, id)
    applyPatchTo(resource, patch)
    if (resource.id !== id || resource.resourceType !== type) throw refuse(400, 'invalid', 'Patching immutable properties is not allowed.')
    return this.updateResource(resource, options)
  }

  override async readResource<T extends Resource>(type: string, id: string): Promise<WithId<T>> {
    return live<T>(this.versions(type, id).at(-1), `Resource type '${type}' with id '${id}'`)
  }

  override async readVersion<T extends Resource>(type: string, id: string, versionId: string): Promise<WithId<T>> {
    const version = this.versions(type, id).find(candidate => candidate.versionId === versionId)
    return live<T>(version, `Resource type '${type}' with id '${id}' and version '${versionId}'`)
  }

  override async readReference<T extends Resource>({ reference }: Reference<T>): Promise<WithId<T>> {
    const [type = '', id = ''] = reference?.split('/') ?? []
    return this.readResource<T>(type, id)
  }

  override async readReferences<T extends Resource>(references: readonly Reference<T>[]): Promise<(T | Error)[]> {
    return Promise.all(references.map(reference => this.readReference<T>(reference).catch((error: Error) => error)))
  }

  override async readHistory<T extends Resource>(type: string, id: string): Promise<Bundle<WithId<T>>> {
    const versions = this.versions(type, id).toReversed()
    const entry = versions.flatMap(({ resource }) => (resource ? [{ resource: deepClone(resource) as WithId<T> }] : []))
    return { resourceType: 'Bundle', type: 'history', entry }
  }

  /** @see VersionLog.of */
  versions(type: string, id: string): Version[] {
    return this.#log.of(type, id)
  }

  /** @see VersionLog.all */
  allVersions(): Version[] {
    return this.#log.all()
  }

  /** @see VersionLog.erase */
  erase(type: string, id: string): void {
    this.#log.erase(type, id)
  }

  /** @see VersionLog.find */
  find(type: string, predicates?: Predicate[]): LiveVersion[] {
    return this.#log.find(type, predicates)
  }

  current(reference: string): Resource | undefined {
    return this.#log.current(reference)
  }

  all(type: string): Resource[] {
    return this.find(type).map(({ resource }) => resource)
  }

  /** For included resources; the service's own search pages over `find`. */
  override async search<T extends Resource>(request: SearchRequest<T>): Promise<Bundle<WithId<T>>> {
    const type = request.resourceType
    const predicates = (request.filters ?? []).map(filter => compileFilter(type, criterionName(filter), criterionValue(filter), this))
    const matches = this.find(type, predicates).map(({ resource }) => deepClone(resource) as WithId<T>)
    const offset = request.offset ?? 0
    const page = matches.slice(offset, request.count === undefined ? undefined : offset + request.count)
    const entry = page.map(resource => ({ resource, search: { mode: 'match' as const } }))
    await getExtraEntries(this, request, page, entry)
    return { resourceType: 'Bundle', type: 'searchset', total: matches.length, entry }
  }

  override async searchByReference<T extends Resource>(
    request: SearchRequest<T>,
    code: string,
    references: string[],
  ): Promise<Record<string, WithId<T>[]>> {
    const found: Record<string, WithId<T>[]> = {}
    for (const reference of references) {
      const filters: Filter[] = [...(request.filters ?? []), { code, operator: 'eq', value: reference }]
      found[reference] = await this.searchResources<T>({ ...request, filters })
    }
    return found
  }

  /** All or nothing: what the callback wrote is undone when it throws. Nothing else writes meanwhile: no step of it waits for I/O. */
  override async withTransaction<R>(callback: (store: this) => Promise<R>): Promise<R> {
    const undo = this.#log.mark()
    try {
      return await callback(this)
    } catch (error) {
      undo()
      throw error
    }
  }

  #write<T extends Resource>(resource: T, id: string, method: 'POST' | 'PUT'): WithId<T> {
    const identified = { ...resource, id }
    demandValid(identified)
    return this.#log.append(identified, method, this.#now())
  }

  #demandVersion(type: string, id: string, versionId: string | undefined): void {
    if (versionId === undefined) return
    const latest = this.versions(type, id).at(-1)
    if (latest?.resource === undefined) throw refuse(404, 'not-found', `Resource type '${type}' with id '${id}' couldn't be found.`)
    if (latest.versionId !== versionId) throw refuse(412, 'conflict', `The supplied version '${versionId}' did not match.`)
  }

  #now(): string {
    return new Date(this.#clock()).toISOString()
  }
}

function live<T extends Resource>(version: Version | undefined, what: string): WithId<T> {
  if (version === undefined) throw refuse(404, 'not-found', `${what} couldn't be found.`)
  if (version.resource === undefined) throw refuse(410, 'deleted', `${what} has been deleted.`, { etag: `W/"${version.versionId}"` })
  return deepClone(version.resource) as WithId<T>
}

function criterionName({ code, operator }: Filter): string {
  return operator === 'eq' || prefixOperators.includes(operator) ? code : `${code}:${operator}`
}

function criterionValue({ operator, value }: Filter): string {
  return prefixOperators.includes(operator) ? `${operator}${value}` : value
}
