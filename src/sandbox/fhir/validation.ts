// `$validate`: what is wrong with a resource, said with 200 whatever it is.
import type { OperationOutcomeIssue, Parameters, Resource } from '@medplum/fhirtypes'
import { loadDefinitions } from './definitions.ts'
import type { FhirAnswer, FhirRequest, Ground, Interaction } from './exchange.ts'
import { outcomeOf, refuse } from './refusal.ts'
import { issuesOf } from './resource-check.ts'

/** Validates the resource in the body, bare or as parameter `resource`; `mode` is taken and makes no difference. */
export function validate(): Interaction {
  return async request => answer(request, resourceIn(request) ?? missing())
}

/** Validates the resource in the body, else the one that is stored. */
export function validateStored({ store }: Pick<Ground, 'store'>): Interaction {
  return async request => {
    const { type = '', id = '' } = request.parameters
    return answer(request, resourceIn(request) ?? (await store.readResource(type, id)))
  }
}

function missing(): never {
  throw refuse(400, 'invalid', 'A resource to validate must be provided.')
}

/** @throws Refusal 400 for a body that is no resource, or one of another type than the path says. */
function resourceIn({ body, parameters: { type }, query }: FhirRequest): Resource | undefined {
  if (body === undefined || body === null) return undefined
  const sent = body as Partial<Resource>
  if (typeof body !== 'object' || typeof sent.resourceType !== 'string') throw missing()
  const { parameter = [] } = sent.resourceType === 'Parameters' && type !== 'Parameters' ? (sent as Parameters) : {}
  const named = (name: string) => parameter.find(one => one.name === name)
  const profile = named('profile')
  demandProfile(profile?.valueUri ?? profile?.valueString, query.find(([name]) => name === 'profile')?.[1])
  const resource = sent.resourceType === 'Parameters' ? named('resource')?.resource : (sent as Resource)
  if (resource && type !== undefined && resource.resourceType !== type)
    throw refuse(400, 'invalid', 'Resource type in the URL must match resourceType in the resource.')
  return resource
}

/** Profiles are named, not held: the service knows FHIR's own definitions only. */
function demandProfile(inBody: string | undefined, inQuery: string | undefined): void {
  if (inBody !== undefined && inQuery !== undefined) throw refuse(400, 'invalid', 'Multiple profiles were provided.')
  const profile = inBody ?? inQuery
  if (profile !== undefined && !URL.canParse(profile)) throw refuse(400, 'invalid', `The profile '${profile}' is invalid.`)
}

function answer({ id }: FhirRequest, resource: Resource): FhirAnswer {
  const unknown: OperationOutcomeIssue = {
    ...{ severity: 'error', code: 'not-supported' },
    diagnostics: `Resource type '${resource.resourceType}' is not supported.`,
  }
  const issues = loadDefinitions().has(resource.resourceType) ? issuesOf(resource) : [unknown]
  const fine: OperationOutcomeIssue = { severity: 'information', code: 'informational', diagnostics: 'All OK' }
  return { status: 200, resource: outcomeOf(issues.length > 0 ? issues : [fine], id) }
}
