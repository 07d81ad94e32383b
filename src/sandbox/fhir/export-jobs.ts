// Bulk exports: jobs that take their time, and the files that they leave.
import { randomUUID } from 'node:crypto'
import type { Resource } from '@medplum/fhirtypes'

export type ExportFile = { type: string; path: string; resources: readonly Resource[] }

export type ExportJob = {
  id: string
  /** URL of the request that began it. */
  request: string
  /** The instant whose state the files show. */
  transactionTime: string
  /** Milliseconds since the epoch from which the files are there. */
  due: number
  files: ExportFile[]
}

/** Jobs that are kept, with their files; the oldest goes when another comes. */
const keptJobs = 20

export class ExportJobs {
  readonly #clock: () => number
  readonly #milliseconds: number
  readonly #jobs = new Map<string, ExportJob>()

  /** @param milliseconds - How long a job takes. */
  constructor(clock: () => number, milliseconds: number) {
    this.#clock = clock
    this.#milliseconds = milliseconds
  }

  /** Begins a job over resources as they are now: what is stored later does not change what it exports. */
  begin(request: string, resources: Resource[], container: string | undefined): ExportJob {
    const id = randomUUID()
    const now = this.#clock()
    const files = [...new Set(resources.map(({ resourceType }) => resourceType))].toSorted().map(type => ({
      type,
      path: `/${container ?? id}/${id}/${type}-1.ndjson`,
      resources: resources.filter(({ resourceType }) => resourceType === type),
    }))
    const job = { id, request, transactionTime: new Date(now).toISOString(), due: now + this.#milliseconds, files }
    this.#jobs.set(id, job)
    const [oldest] = this.#jobs.keys()
    if (this.#jobs.size > keptJobs && oldest !== undefined) this.#jobs.delete(oldest)
    return job
  }

  find(id: string): ExportJob | undefined {
    return this.#jobs.get(id)
  }

  isDone({ due }: ExportJob): boolean {
    return this.#clock() >= due
  }

  /** Ends the job and removes its files. */
  cancel(id: string): boolean {
    return this.#jobs.delete(id)
  }

  /** The file of a finished job at a path of the storage. */
  fileAt(path: string): ExportFile | undefined {
    for (const job of this.#jobs.values()) {
      const file = this.isDone(job) ? job.files.find(one => one.path === path) : undefined
      if (file) return file
    }
    return undefined
  }
}
