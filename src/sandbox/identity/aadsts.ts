// The error codes that the sandbox's identity provider knows: OAuth error, HTTP status, text
// (Microsoft Entra authentication and authorization error codes; texts as clients have recorded them).
import { clientCodes } from './aadsts-client.ts'
import { grantCodes } from './aadsts-grant.ts'
import { policyCodes } from './aadsts-policy.ts'
import { requestCodes } from './aadsts-request.ts'

export type AadstsEntry = {
  /** `error` of RFC 6749, RFC 8628 or OpenID Connect Core. */
  error: string
  /** At the token endpoint; the authorization endpoint's page is always 400. */
  status: 400 | 401 | 429 | 503
  /** {0}, {1}, … stand for what the request had. */
  text: string
  suberror?: string
}

type Codes = typeof requestCodes & typeof clientCodes & typeof grantCodes & typeof policyCodes

export type AadstsCode = keyof Codes

export const aadsts: Readonly<Record<AadstsCode, AadstsEntry>> = { ...requestCodes, ...clientCodes, ...grantCodes, ...policyCodes }
