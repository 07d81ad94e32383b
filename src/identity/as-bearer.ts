// MSAL's result as our bearer.
import type { AuthenticationResult } from '@azure/msal-node'
import { HallpassError } from '../errors/hallpass-error.ts'
import { Bearer } from '../terms/bearer.ts'
import type { Wanted } from './identity.ts'

export function asBearer(result: AuthenticationResult | null, { audience }: Wanted): Bearer {
  if (!result?.accessToken || !result.expiresOn)
    throw new HallpassError('internal', { what: 'the authorization server gave a token without a life' })
  return new Bearer(result.accessToken, audience, result.expiresOn.getTime())
}
