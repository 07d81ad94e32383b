// Loads the trimmed FHIR R4 definitions that the build writes, and says which resource types the service serves.
import { existsSync, readFileSync } from 'node:fs'
import type { SearchParameter, StructureDefinition } from '@medplum/fhirtypes'
import { globalSchema, indexSearchParameterBundle, indexStructureDefinitionBundle } from './medplum.ts'

type Definitions = {
  types: string[]
  structures: StructureDefinition[]
  searchParameters: SearchParameter[]
  /** By resource type: the search parameters that lead to the patient whose compartment a resource is in. */
  patientCompartment: Record<string, string[]>
}

/** Parameters of one vendor's own that @medplum/core gives every type; no other FHIR server knows them. */
const vendorParameters = ['_compartment', '_project']

let loaded: { served: ReadonlySet<string>; patientCompartment: Definitions['patientCompartment'] } | undefined

/**
 * Indexes the definitions with @medplum/core, once a process: without them its search finds nothing and its validation knows no type.
 * @returns The names of the resource types that are served.
 */
export function loadDefinitions(): ReadonlySet<string> {
  return load().served
}

/** By resource type: the search parameters that lead to the patient whose compartment a resource is in. */
export function patientCompartment(): Definitions['patientCompartment'] {
  return load().patientCompartment
}

function load() {
  loaded ??= index(JSON.parse(readFileSync(definitionsFile(), 'utf8')))
  return loaded
}

function index({ types, structures, searchParameters, patientCompartment }: Definitions) {
  indexStructureDefinitionBundle(structures)
  indexSearchParameterBundle({ resourceType: 'Bundle', type: 'collection', entry: searchParameters.map(resource => ({ resource })) })
  for (const type of [...types, 'Resource']) for (const code of vendorParameters) delete globalSchema.types[type]?.searchParams?.[code]
  // `Resource.id` finds nothing in a Patient, `id` does.
  for (const parameter of Object.values(globalSchema.types.Resource?.searchParams ?? {}))
    parameter.expression = parameter.expression?.replace(/^Resource\./, '') ?? ''
  return { served: new Set(types), patientCompartment }
}

/** Beside the bundle, or one folder up from this module when it runs unbundled. */
function definitionsFile(): URL {
  const candidates = ['./fhir-definitions.json', '../fhir-definitions.json'].map(path => new URL(path, import.meta.url))
  const found = candidates.find(url => existsSync(url))
  if (found === undefined) throw new Error('fhir-definitions.json is missing: `npm run build` writes it')
  return found
}
