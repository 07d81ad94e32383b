// MSAL's and Entra's failures in our words. Decisions rest on OAuth's error codes; AADSTS codes only explain.
import type { AuthError } from '@azure/msal-node'
import { HallpassError } from '../errors/hallpass-error.ts'
import { printable } from '../terms/printable.ts'
import { redact } from '../terms/redaction.ts'
import { EntraRefusal, type Refusal } from './evidence.ts'
import { msal } from './msal.ts'

/** Cause and remedy of an AADSTS code; comes in from the catalogue. */
export type ExplainAadsts = (code: string) => { cause: string; remedy: string }

/** Errors that only a person can answer (OpenID Connect Core 3.1.2.6). */
export const answeredByPerson = ['login_required', 'interaction_required', 'consent_required', 'account_selection_required']

/**
 * True when only a person can go on: OAuth's interaction_required family, and every invalid_grant on a refresh
 * (MSAL does not classify expiry by sign-in frequency, among others).
 */
export function needsPerson(error: unknown): boolean {
  if (error instanceof EntraRefusal) return ['invalid_grant', ...answeredByPerson].includes(error.refusal.error)
  return error instanceof msal.InteractionRequiredAuthError
}

/** A failed token request as our error: the cause where it is ours, otherwise Entra's own words with a remedy. */
export function asTokenFailure(error: unknown, audience: string, explain: ExplainAadsts): HallpassError {
  if (error instanceof HallpassError) return error
  if (error instanceof EntraRefusal)
    return new HallpassError('token-refused', { audience, ...describeRefusal(wordsOf(error.refusal), explain) }, { cause: error })
  if (!(error instanceof msal.AuthError)) return new HallpassError('internal', { what: redact(String(error)) }, { cause: error })
  return asClientFailure(error, audience)
}

/** What MSAL finds wrong with an answer, by its codes. Its own sentences may quote what it was given. */
const objections: Readonly<Record<string, string>> = {
  nonce_mismatch: 'The identity token in its answer belongs to another sign-in (nonce).',
  state_mismatch: 'The answer belongs to another sign-in (state).',
  endpoints_resolution_error: 'Its discovery document does not fit its address.',
  openid_config_error: 'Its discovery document does not fit its address.',
}

function asClientFailure(error: AuthError, audience: string): HallpassError {
  const what = objections[error.errorCode] ?? `MSAL does not take its answer (${redact(error.errorCode).slice(0, 100)}).`
  return new HallpassError('token-refused', { audience, what, fix: 'Start again: `hallpass login`.' }, { cause: error })
}

/** An error answer of the authorization endpoint (RFC 6749 section 4.1.2.1); Entra marks the user's own Cancel by `error_subcode`. */
export type AuthorizationError = { error: string; description: string | undefined; subcode: string | undefined }

/** An error answer of the authorization endpoint as our error. */
export function asSignInRefusal({ error, description, subcode }: AuthorizationError, explain: ExplainAadsts): HallpassError {
  if (subcode === 'cancel') return new HallpassError('sign-in-cancelled')
  return new HallpassError('sign-in-refused', describeRefusal(description || error, explain))
}

/** What a refusal says of itself, for people. */
export function wordsOf({ error, description }: Refusal): string {
  return description || error
}

/** Entra's sentence without trace ids and account names, and the remedy for its code. */
export function describeRefusal(description: string, explain: ExplainAadsts): { what: string; fix: string } {
  const [, code, sentence] = /(AADSTS\d+):\s*([^\r\n]*)/.exec(description) ?? []
  if (!code) return { what: withoutNames(description), fix: 'Start again: `hallpass login`.' }
  const { cause, remedy } = explain(code)
  return { what: `${code}: ${withoutNames(sentence ?? '')} ${cause}`.trim(), fix: remedy }
}

/** At most 300 characters, without credentials, without the names of people, and without what a terminal obeys: this is logged and shown. */
function withoutNames(text: string): string {
  return printable(
    redact(text.slice(0, 600))
      .replace(/[^\s'"<>(]+@[^\s'"<>)]+/g, '[account]')
      .slice(0, 300),
    600,
  )
}
