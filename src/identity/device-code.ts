// The device authorization grant (RFC 8628) on MSAL Node. MSAL keeps the tokens; the pace is ours: MSAL takes slow_down for the end, notices a
// cancellation only at its next question, and loses the text of a refusal.
import type { AuthenticationResult, PublicClientApplication } from '@azure/msal-node'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Bearer } from '../terms/bearer.ts'
import { authorityOf } from './authority.ts'
import type { IdentityParts } from './client-application.ts'
import { createDevicePace, type DeviceCode } from './device-pace.ts'
import { EntraRefusal, withEvidence } from './evidence.ts'
import { asTokenFailure, describeRefusal, wordsOf } from './failure.ts'
import type { DeviceAuthorization, SignInWish, Wanted } from './identity.ts'

/** What a sign-in brought, handed to whoever keeps the account. */
export type DeviceEnds = {
  take(result: AuthenticationResult | null): Promise<Bearer>
  forget(result: AuthenticationResult | null): Promise<void>
}

/**
 * Asks for a device code and starts to wait for the person. One resource at a time: Entra refuses a device authorization for several, so
 * `alsoConsent` has no place here. Rejects with sign-in-refused, token-refused or an entra- error.
 */
export async function beginDevice(
  application: PublicClientApplication,
  parts: IdentityParts,
  wanted: Wanted,
  { claims }: SignInWish,
  { take, forget }: DeviceEnds,
): Promise<DeviceAuthorization> {
  const { profile, explain, clock } = parts
  const pace = createDevicePace(clock, authorityOf(profile).origin)
  const tokens = withEvidence(
    () => application.acquireTokenByDeviceCode({ scopes: wanted.scopes, deviceCodeCallback: () => undefined, ...(claims && { claims }) }),
    pace.around,
  )
  const finished = tokens.then(async result => {
    if (!pace.cancelled()) return take(result)
    // The answer was on its way when the person gave up: nobody is to be signed in by it.
    await forget(result)
    throw new HallpassError('sign-in-cancelled')
  })
  const outcome = Promise.race([finished, pace.cancellation]).catch(error => Promise.reject(asDeviceFailure(error, wanted, explain)))
  // Both may end with nobody waiting for them; that is no unhandled rejection.
  for (const promise of [finished, outcome]) promise.catch(() => undefined)
  const code = await Promise.race([pace.code, outcome.then(unexpected)])
  return { kind: 'device', ...shown(code), outcome, cancel: pace.cancel }
}

function shown({ userCode, verificationUri, expiresAt }: DeviceCode) {
  return { userCode, verificationUri, expiresAt }
}

function unexpected(): never {
  throw new HallpassError('internal', { what: 'a device code was redeemed before it was shown' })
}

function asDeviceFailure(error: unknown, { audience }: Wanted, explain: IdentityParts['explain']): HallpassError {
  if (!(error instanceof EntraRefusal)) return asTokenFailure(error, audience, explain)
  const { refusal } = error
  if (refusal.error === 'expired_token') return new HallpassError('sign-in-expired', {}, { cause: error })
  return new HallpassError('sign-in-refused', describeRefusal(wordsOf(refusal), explain), { cause: error })
}
