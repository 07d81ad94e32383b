// A fault of the configuration, before it becomes an error with line and column.
import { printable } from '../terms/printable.ts'

export type Fault = {
  /** Keys and indices from the top of the document to where it is. */
  path: readonly (string | number)[]
  /** What is wrong, as a clause. */
  what: string
  /** What to do. */
  fix: string
  /** The key itself is meant, not its value. */
  atKey?: boolean
  /** Where in the text, when the path alone does not tell. */
  offset?: number
  /** The environment variable whose value is meant, when the document does not hold it. */
  source?: string
}

/** Takes the faults that a check finds, so that it can go on and find the next. */
export type Report = (fault: Fault) => void

/** A key or a value of the document, as a message may show it. */
export function quoted(text: string): string {
  return `"${printable(text, 80)}"`
}

/** A place in words: `routes./fhir.origin`. */
export function placeName(path: readonly (string | number)[]): string {
  return printable(path.join('.'), 160)
}
