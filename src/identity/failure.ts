// MSAL's and Entra's failures in our words. Decisions rest on OAuth's error codes; AADSTS codes only explain.
import { AuthError, InteractionRequiredAuthError, ServerError } from '@azure/msal-node'
import { HallpassError } from '../errors/hallpass-error.ts'
import { redact } from '../terms/redaction.ts'

/** Cause and remedy of an AADSTS code; comes in from the catalogue. */
export type ExplainAadsts = (code: string) => { cause: string; remedy: string }

/**
 * True when only a person can go on: OAuth's interaction_required family, and every invalid_grant on a refresh
 * (MSAL does not classify expiry by sign-in frequency, among others).
 */
export function needsPerson(error: unknown): boolean {
  if (error instanceof InteractionRequiredAuthError) return true
  return error instanceof ServerError && error.errorCode === 'invalid_grant'
}

/** A failed token request as our error: the cause where it is ours, otherwise Entra's own words with a remedy. */
export function asTokenFailure(error: unknown, audience: string, explain: ExplainAadsts): HallpassError {
  if (error instanceof HallpassError) return error
  if (!(error instanceof AuthError)) return new HallpassError('internal', { what: redact(String(error)) }, { cause: error })
  const { what, fix } = describeRefusal(error.errorMessage || error.errorCode, explain)
  return new HallpassError('token-refused', { audience, what, fix }, { cause: error })
}

/** An error answer of the authorization endpoint (RFC 6749 section 4.1.2.1); Entra marks the user's own Cancel by `error_subcode`. */
export type AuthorizationError = { error: string; description: string | undefined; subcode: string | undefined }

/** An error answer of the authorization endpoint as our error. */
export function asSignInRefusal({ error, description, subcode }: AuthorizationError, explain: ExplainAadsts): HallpassError {
  if (subcode === 'cancel') return new HallpassError('sign-in-cancelled')
  return new HallpassError('sign-in-refused', describeRefusal(description || error, explain))
}

/** Entra's sentence without trace ids, and the remedy for its code. */
export function describeRefusal(description: string, explain: ExplainAadsts): { what: string; fix: string } {
  const [, code, sentence] = /(AADSTS\d+):\s*([^\r\n]*)/.exec(description) ?? []
  if (!code) return { what: redact(description).slice(0, 300), fix: 'Start again: `hallpass login`.' }
  const { cause, remedy } = explain(code)
  return { what: `${code}: ${redact(sentence ?? '').slice(0, 300)} ${cause}`.trim(), fix: remedy }
}
