// Says what is wrong with a resource by FHIR R4's own definitions.
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes'
import { OperationOutcomeError, validateResource } from './medplum.ts'
import { Refusal, withDiagnostics } from './refusal.ts'

/** All issues that a resource of a type that is served has, those that are only warnings too. */
export function issuesOf(resource: Resource): OperationOutcomeIssue[] {
  try {
    return validateResource(resource).map(withDiagnostics)
  } catch (error) {
    if (error instanceof OperationOutcomeError) return (error.outcome.issue ?? []).map(withDiagnostics)
    throw error
  }
}

/** @throws Refusal 400 with the issues, unless they are no more than warnings. */
export function demandValid(resource: Resource): void {
  const issues = issuesOf(resource)
  if (issues.some(({ severity }) => severity === 'error' || severity === 'fatal')) throw new Refusal(400, issues)
}
