// What is known of each refusal and failure of ours.

/** Issue types that an OperationOutcome of ours may carry (FHIR R4, value set issue-type). */
type IssueType =
  | 'login'
  | 'forbidden'
  | 'invalid'
  | 'not-found'
  | 'not-supported'
  | 'too-long'
  | 'throttled'
  | 'transient'
  | 'timeout'
  | 'exception'

export type ErrorEntry = {
  /** One sentence: what is the matter. `{name}` is filled from the error's particulars. */
  summary: string
  /** The one thing to do about it. */
  remedy: string
  /** HTTP status of our answer (RFC 9110). */
  status: number
  /** Exit code of a command that ends with it: 1 failed, 2 usage or bad config, 3 not running, 4 sign-in needed. */
  exitCode: 1 | 2 | 3 | 4
  issue: IssueType
}

/** An entry, its fields in the order in which they are read. */
export const entry = (status: number, exitCode: 1 | 2 | 3 | 4, issue: IssueType, summary: string, remedy: string): ErrorEntry => ({
  summary,
  remedy,
  status,
  exitCode,
  issue,
})
