// The three forms in which an error reaches somebody: terminal text, problem+json (RFC 9457), and a FHIR OperationOutcome.
import type { HallpassError } from './hallpass-error.ts'

/** Two lines for a terminal: what is the matter, and what to do; and as many for whatever else was found. */
export function renderForTerminal(error: HallpassError): string {
  return [error, ...error.more].map(({ summary, remedy }) => `hallpass: ${summary}\n  → ${remedy}\n`).join('')
}

/** A problem details object (RFC 9457 section 3). */
export function renderAsProblem(error: HallpassError): string {
  return `${JSON.stringify({
    type: `urn:hallpass:error:${error.code}`,
    title: error.summary,
    status: error.entry.status,
    detail: error.remedy,
    code: error.code,
  })}\n`
}

/** An OperationOutcome (FHIR R4), so that FHIR clients can show it. */
export function renderAsOperationOutcome(error: HallpassError): string {
  return `${JSON.stringify({
    resourceType: 'OperationOutcome',
    issue: [
      {
        severity: 'error',
        code: error.entry.issue,
        details: { coding: [{ system: 'urn:hallpass:error', code: error.code }], text: error.summary },
        diagnostics: `${error.summary} ${error.remedy}`,
      },
    ],
  })}\n`
}
