// `GET /Patient/ID/$everything`: a patient, what it refers to, what belongs to it, and its devices, in pages.
import type { Resource } from '@medplum/fhirtypes'
import { membershipIn } from './compartment.ts'
import { decodeContinuation, encodeContinuation } from './continuation.ts'
import { loadDefinitions } from './definitions.ts'
import { bundleHead, type Ground, type Interaction } from './exchange.ts'
import { asInstant } from './instant.ts'
import { linksOf } from './links.ts'
import { outcomeOf, refuse } from './refusal.ts'
import type { ResourceStore } from './resource-store.ts'
import { compileFilter, isSupported, type Predicate, parameterOf, referencesOf, valuesOf } from './search-filter.ts'
import { defaultCount, type Pair } from './search-plan.ts'
import type { LiveVersion } from './version-log.ts'

const known = ['start', 'end', '_since', '_type', 'ct']

/**
 * Each page is of one phase, as at the Azure service: the patient with what it refers to, then the compartment, then devices. Somebody
 * who is not there has no records, which is no error.
 */
export function everything(ground: Ground): Interaction {
  return async request => {
    const { type, id = '' } = request.parameters
    if (type !== 'Patient') throw refuse(404, 'not-found', 'The requested route was not found.')
    const wanted = wantedBy(request.query, ground.store)
    const phases = phasesOf(ground.store, id).map(versions => versions.filter(wanted))
    const { page, next } = pageOf(phases, request.query.find(([name]) => name === 'ct')?.[1])
    const unknown = request.query.filter(([name]) => !known.includes(name))
    const issues = unknown.map(([name]) => unsupported(name))
    const used = request.query.filter(([name]) => known.includes(name))
    const outcome = issues.length > 0 ? [{ resource: outcomeOf(issues, request.id), search: { mode: 'outcome' as const } }] : []
    const entry = [
      ...outcome,
      ...page.map(({ type, id, resource }) => ({
        fullUrl: `${ground.base()}/${type}/${id}`,
        resource,
        search: { mode: 'match' as const },
      })),
    ]
    const link = linksOf(`${ground.base()}/Patient/${id}/$everything`, used, next)
    return { status: 200, resource: { ...bundleHead(request, ground), type: 'searchset', link, ...(entry.length > 0 && { entry }) } }
  }
}

const unsupported = (name: string) => ({
  ...{ severity: 'warning' as const, code: 'not-supported' as const },
  diagnostics: `The "${name}" parameter is not supported.`,
})

function phasesOf(store: ResourceStore, id: string): LiveVersion[][] {
  const [patient] = store.find('Patient', [resource => resource.id === id])
  if (!patient) return []
  const referred = directReferences(patient.resource).flatMap(reference => findReferred(store, reference))
  const first = [patient, ...referred.filter(({ id, type }) => type !== 'Patient' || id !== patient.id)]
  const inFirst = new Set(first.map(({ sequence }) => sequence))
  const compartment = compartmentOf(store, id).filter(({ sequence }) => !inFirst.has(sequence))
  const taken = new Set(compartment.map(({ sequence }) => sequence))
  const device = parameterOf('Device', 'patient')
  const devices = store.find('Device', [resource => referencesOf(device, resource).includes(`Patient/${id}`)])
  return [first, compartment, devices.filter(({ sequence }) => !taken.has(sequence))]
}

/** All that belongs to the patient, in the order of writing. */
export function compartmentOf(store: ResourceStore, patientId: string): LiveVersion[] {
  const found = [...loadDefinitions()].flatMap(type => {
    const belongs = membershipIn(patientId, type)
    return belongs ? store.find(type, [belongs]) : []
  })
  return found.toSorted((a, b) => a.sequence - b.sequence)
}

function directReferences(patient: Resource): string[] {
  return [...new Set(['general-practitioner', 'organization'].flatMap(code => referencesOf(parameterOf('Patient', code), patient)))]
}

function findReferred(store: ResourceStore, reference: string): LiveVersion[] {
  const [type = '', id] = reference.split('/')
  return store.find(type, [resource => resource.id === id])
}

/** The rest of the first phase that has any: pages never mix phases. */
function pageOf(phases: LiveVersion[][], ct: string | undefined): { page: LiveVersion[]; next?: string } {
  const { key = -1, sequence } = ct === undefined ? { sequence: 0 } : decodeContinuation(ct)
  for (const [phase, versions] of phases.entries()) {
    const rest = phase < Number(key) ? [] : versions.filter(version => phase > Number(key) || version.sequence > sequence)
    // The first phase is never cut: its order is not that of writing.
    const page = phase === 0 ? rest : rest.slice(0, defaultCount)
    const last = page.at(-1)
    if (!last) continue
    const more = rest.length > page.length || phases.slice(phase + 1).some(({ length }) => length > 0)
    const reached = phase === 0 ? Number.MAX_SAFE_INTEGER : last.sequence
    return { page, ...(more && { next: encodeContinuation({ key: phase, sequence: reached }) }) }
  }
  return { page: [] }
}

/** @throws Refusal 400 */
function wantedBy(query: Pair[], store: ResourceStore): (version: LiveVersion) => boolean {
  const parameters = new Map(query)
  const since = parameters.get('_since')
  const from = since === undefined ? '' : asInstant('_since', since)
  const types = parameters.get('_type')?.split(',')
  const unknown = types?.filter(type => !loadDefinitions().has(type)) ?? []
  if (unknown.length > 0) throw refuse(400, 'invalid', `The '_type' parameter contains unknown resource(s): ${unknown.join(', ')}`)
  const cared = caredFor(parameters.get('start'), parameters.get('end'), store)
  return ({ type, resource, lastUpdated }) => lastUpdated >= from && (types?.includes(type) ?? true) && cared(resource)
}

/** Whether care was given between two dates; resources without such a date pass. */
function caredFor(start: string | undefined, end: string | undefined, store: ResourceStore): Predicate {
  const bounds = [...(start === undefined ? [] : [`ge${start}`]), ...(end === undefined ? [] : [`le${end}`])]
  return resource => {
    const type = resource.resourceType
    if (bounds.length === 0 || !isSupported(type, 'date') || valuesOf(parameterOf(type, 'date'), resource).length === 0) return true
    return bounds.every(bound => compileFilter(type, 'date', bound, store)(resource))
  }
}
