// The catalogue of Entra ID's codes (Microsoft Entra authentication and authorization error codes): what each means here and what to do.
// They explain; nothing is decided by them: Microsoft keeps the right to change them.
import { accountCodes } from './aadsts-account.ts'
import { applicationCodes } from './aadsts-application.ts'
import { consentCodes } from './aadsts-consent.ts'
import { credentialCodes } from './aadsts-credential.ts'
import { deviceCodes } from './aadsts-device.ts'
import { grantCodes } from './aadsts-grant.ts'
import { policyCodes } from './aadsts-policy.ts'
import { redirectCodes } from './aadsts-redirect.ts'
import { requestCodes } from './aadsts-request.ts'
import { resourceCodes } from './aadsts-resource.ts'
import { type Here, type Meaning, type Said, signInAgain } from './meaning.ts'

const catalogue: Readonly<Record<string, Meaning>> = {
  ...redirectCodes,
  ...applicationCodes,
  ...credentialCodes,
  ...resourceCodes,
  ...consentCodes,
  ...policyCodes,
  ...accountCodes,
  ...grantCodes,
  ...requestCodes,
  ...deviceCodes,
}

/** Every code that is explained, as its number. */
export const knownAadsts: readonly string[] = Object.keys(catalogue)

export type Explanation = {
  /** `AADSTS50011`. */
  code: string
  summary: string
  cause: string
  remedy: string
  /** Microsoft's own page of the code. */
  page: string
}

/** The number in `AADSTS50011`, `50011`, or a whole message that begins with it; undefined when the text is no code of Entra ID. */
export function parseAadsts(text: string): string | undefined {
  return /^\s*(?:AADSTS)?(\d{4,8})\s*(?::.*)?$/is.exec(text)?.[1]
}

/** What the code means where it was met; undefined when it is not in the catalogue. */
export function findAadsts(number: string, here: Here = {}): Explanation | undefined {
  const found = Object.hasOwn(catalogue, number) ? catalogue[number] : undefined
  if (!found) return undefined
  const say = (said: Said) => (typeof said === 'string' ? said : said(here))
  return { code: `AADSTS${number}`, summary: found.summary, cause: say(found.cause), remedy: say(found.remedy), page: pageOf(number) }
}

/** Microsoft's page that looks up any code. */
export function pageOf(number: string): string {
  return `https://login.microsoftonline.com/error?code=${number}`
}

/** Cause and remedy of a code for a failure's text; a pointer to Microsoft's page for a code that is not in the catalogue. */
export function explainAadsts(code: string, here: Here = {}): { cause: string; remedy: string } {
  const number = parseAadsts(code) ?? ''
  const found = findAadsts(number, here)
  if (found) return { cause: found.cause, remedy: found.remedy }
  return { cause: '', remedy: `Look the code up at ${pageOf(number)}. ${signInAgain(here)}` }
}
