// Bulk export over HTTP: begin, ask, cancel (FHIR Bulk Data Access; Microsoft Learn, "Export your FHIR data").
import type { Group, Resource } from '@medplum/fhirtypes'
import { loadDefinitions } from './definitions.ts'
import { compartmentOf } from './everything.ts'
import type { FhirRoute, Ground, Interaction } from './exchange.ts'
import type { ExportJob, ExportJobs } from './export-jobs.ts'
import { type ExportRequest, readExportRequest } from './export-request.ts'
import { refuse } from './refusal.ts'
import type { ResourceStore } from './resource-store.ts'
import type { LiveVersion } from './version-log.ts'

export type ExportParts = Ground & {
  jobs: ExportJobs
  /** The URL under which a file can be fetched for a while by whoever has it. */
  signedUrl: (path: string) => string
}

/** System, patient and group export, and the jobs that they begin. */
export function exportRoutes(parts: ExportParts): FhirRoute[] {
  const access = 'export' as const
  return [
    { method: 'GET', url: '/$export', access, handle: begin(parts, everybody) },
    { method: 'GET', url: '/Patient/$export', access, handle: begin(parts, patients) },
    { method: 'GET', url: '/Group/:id/$export', access, handle: begin(parts, members) },
    { method: 'GET', url: '/_operations/export/:id', access, handle: ask(parts) },
    { method: 'DELETE', url: '/_operations/export/:id', access, handle: cancel(parts) },
  ]
}

type Chooser = (store: ResourceStore, id: string) => LiveVersion[]

const everybody: Chooser = store => [...loadDefinitions()].flatMap(type => store.find(type))

/** Patients, and what belongs to them. */
const patients: Chooser = store => {
  const found = store.find('Patient').flatMap(patient => [patient, ...compartmentOf(store, patient.id)])
  return distinct(found)
}

const members: Chooser = (store, id) => {
  const group = store.current(`Group/${id}`) as Group | undefined
  if (!group) throw refuse(404, 'not-found', `Resource type 'Group' with id '${id}' couldn't be found.`)
  const ids = (group.member ?? []).flatMap(({ entity }) => entity.reference?.match(/^Patient\/(.+)$/)?.[1] ?? [])
  const chosen = store.find('Patient', [({ id }) => id !== undefined && ids.includes(id)])
  return distinct(chosen.flatMap(patient => [patient, ...compartmentOf(store, patient.id)]))
}

function distinct(versions: LiveVersion[]): LiveVersion[] {
  return [...new Map(versions.map(version => [version.sequence, version])).values()]
}

function begin({ store, base, jobs }: ExportParts, choose: Chooser): Interaction {
  return async request => {
    const wanted = readExportRequest(request, store)
    const resources = choose(store, request.parameters.id ?? '').filter(version => isWanted(version, wanted))
    const job = jobs.begin(
      `${base()}${request.target}`,
      resources.map(({ resource }): Resource => resource),
      wanted.container,
    )
    return { status: 202, fields: { 'content-location': `${base()}/_operations/export/${job.id}` } }
  }
}

function isWanted({ type, lastUpdated, resource }: LiveVersion, { types, since = '', till, isWanted }: ExportRequest): boolean {
  return (types?.includes(type) ?? true) && lastUpdated >= since && (till === undefined || lastUpdated < till) && isWanted(resource)
}

function ask({ jobs, signedUrl }: ExportParts): Interaction {
  return async ({ parameters: { id = '' } }) => {
    const job = jobs.find(id)
    if (!job) throw notFound(id)
    if (!jobs.isDone(job)) return { status: 202, fields: { 'x-progress': 'in progress' } }
    return { status: 200, resource: manifest(job, signedUrl) }
  }
}

function manifest({ transactionTime, request, files }: ExportJob, signedUrl: ExportParts['signedUrl']) {
  const output = files.map(({ type, path, resources }) => ({ type, url: signedUrl(path), count: resources.length }))
  return { transactionTime, request, requiresAccessToken: false, output, error: [] }
}

function cancel({ jobs }: ExportParts): Interaction {
  return async ({ parameters: { id = '' } }) => {
    if (!jobs.cancel(id)) throw notFound(id)
    return { status: 202 }
  }
}

function notFound(id: string) {
  return refuse(404, 'not-found', `The requested job "${id}" was not found.`)
}
