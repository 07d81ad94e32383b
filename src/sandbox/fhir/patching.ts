// Applies a patch to a resource: a JSON Patch (RFC 6902), or a FHIRPath Patch (FHIR R4, FHIRPath Patch).
import type { Parameters, Resource } from '@medplum/fhirtypes'
import { applyPatch, fhirpathPatchTypedValue, type Operation, parseFhirPathPatchParameters, toTypedValue } from './medplum.ts'
import { refuse } from './refusal.ts'

/** Changes the resource itself. @throws Refusal 400 with the code that the Azure service gives a patch that cannot be applied. */
export function applyPatchTo(resource: Resource, patch: Operation[] | Parameters): void {
  try {
    if (Array.isArray(patch)) {
      const [failure] = applyPatch(resource, patch).filter(result => result !== null)
      if (failure) throw failure
    } else fhirpathPatchTypedValue(toTypedValue(resource), parseFhirPathPatchParameters(patch))
  } catch (error) {
    throw refuse(400, 'processing', error instanceof Error && error.message !== '' ? error.message : 'The patch cannot be applied.')
  }
}
