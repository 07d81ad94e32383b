// What the FHIR service throws to refuse a request, and the OperationOutcome that each refusal is answered with.
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes'
import { getStatus, OperationOutcomeError } from './medplum.ts'

/** A request refused with an HTTP status and the issues that explain it. */
export class Refusal extends OperationOutcomeError {
  readonly status: number
  /** Header fields of the answer. */
  readonly fields: Record<string, string>

  constructor(status: number, issue: OperationOutcomeIssue[], fields: Record<string, string> = {}) {
    super({ resourceType: 'OperationOutcome', issue })
    this.status = status
    this.fields = fields
  }
}

/** A refusal with one error issue, in the form and the words of the Azure service where its source has them. */
export function refuse(
  status: number,
  code: OperationOutcomeIssue['code'],
  diagnostics: string,
  fields: Record<string, string> = {},
): Refusal {
  return new Refusal(status, [{ severity: 'error', code, diagnostics }], fields)
}

/** The refusal that an error of ours, of @medplum's or of fastify's amounts to; 500 without details for any other. */
export function refusalFrom(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof OperationOutcomeError) return new Refusal(getStatus(error.outcome), (error.outcome.issue ?? []).map(withDiagnostics))
  const { statusCode, message } = (error ?? {}) as { statusCode?: number; message?: string }
  if (statusCode === 413) return refuse(413, 'too-long', 'The request body is larger than the 2 MB that this service takes.')
  if (statusCode !== undefined && statusCode < 500) return refuse(statusCode, 'invalid', message ?? 'The request is malformed.')
  return refuse(500, 'exception', 'There was an error processing your request.')
}

/** The outcome as the Azure service writes it: its id is the request's. */
export function outcomeOf(issue: OperationOutcomeIssue[], requestId: string): OperationOutcome {
  return { resourceType: 'OperationOutcome', id: requestId, issue }
}

/** Puts an issue's text where the Azure service has it: @medplum writes `details.text`, and the expression that failed in `diagnostics`. */
export function withDiagnostics({ details, ...issue }: OperationOutcomeIssue): OperationOutcomeIssue {
  const diagnostics = details?.text ?? issue.diagnostics
  return { ...issue, ...(diagnostics && { diagnostics }) }
}
