// The one error type that reaches a user: a code of the table and the particulars that fill its sentences.
import { redact } from '../terms/redaction.ts'
import { type ErrorCode, type ErrorEntry, errorTable } from './table.ts'

/** Values for the `{name}` places of an entry's sentences. Never a token, an id or a search value. */
export type Particulars = Readonly<Record<string, string | number>>

/** What HTTP adds to our answer, such as WWW-Authenticate or Retry-After. */
export type AnswerFields = Readonly<Record<string, string>>

export class HallpassError extends Error {
  readonly code: ErrorCode
  readonly particulars: Particulars
  /** Fields that our HTTP answer carries beside Hallpass-Error. */
  readonly fields: AnswerFields
  /** What else was found at the same time, for a person who mends a file. */
  readonly more: readonly HallpassError[]

  constructor(
    code: ErrorCode,
    particulars: Particulars = {},
    options: { cause?: unknown; fields?: AnswerFields; more?: readonly HallpassError[] } = {},
  ) {
    super(fill(errorTable[code].summary, particulars), 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'HallpassError'
    this.code = code
    this.particulars = particulars
    this.fields = options.fields ?? {}
    this.more = options.more ?? []
  }

  get entry(): ErrorEntry {
    return errorTable[this.code]
  }

  /** What is the matter, in one sentence. */
  get summary(): string {
    return this.message
  }

  /** The one thing to do. */
  get remedy(): string {
    return fill(this.entry.remedy, this.particulars)
  }
}

/** Any thrown value as a HallpassError: itself, or `internal` with what it says of itself, redacted. */
export function asHallpassError(thrown: unknown): HallpassError {
  if (thrown instanceof HallpassError) return thrown
  return new HallpassError('internal', { what: redact(thrown instanceof Error ? thrown.message : String(thrown)) }, { cause: thrown })
}

function fill(sentence: string, particulars: Particulars): string {
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) => String(particulars[name] ?? ''))
}
