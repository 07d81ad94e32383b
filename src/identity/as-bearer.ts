// MSAL's result as our bearer.
import type { AuthenticationResult } from '@azure/msal-node'
import { HallpassError } from '../errors/hallpass-error.ts'
import { Bearer } from '../terms/bearer.ts'
import type { Wanted } from './identity.ts'

/** Milliseconds; MSAL counts in rounded seconds. */
const shortestLife = 1_000

/** The token in a result. Throws token-refused when there is none, or one without a life: MSAL makes something of any answer. */
export function asBearer(result: AuthenticationResult | null, { audience }: Wanted): Bearer {
  const expiresAt = result?.expiresOn?.getTime() ?? Number.NaN
  if (result?.accessToken && expiresAt > Date.now() + shortestLife) return new Bearer(result.accessToken, audience, expiresAt)
  const what = 'Its answer holds no token that can be used (access_token, expires_in).'
  throw new HallpassError('token-refused', { audience, what, fix: 'Start again: `hallpass login`.' })
}
