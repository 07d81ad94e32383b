// What the book of sign-ins holds of each: the authorization, and how to end it.
import type { HallpassError } from '../errors/hallpass-error.ts'
import type { Authorization, Wanted } from '../identity/identity.ts'
import type { Timer } from '../terms/edges.ts'
import type { SignIn } from './sign-in.ts'

export type Entry = {
  signIn: SignIn
  authorization: Authorization
  wanted: Wanted
  claims: string | undefined
  timer: Timer
  opened: boolean
  /** Somebody may be signed in by it already: its code is being redeemed, or its token written. */
  arriving: boolean
  settle: Settle
  /** Closes what was opened for it. */
  release: () => void
  redeeming?: Promise<void>
}

type Settle = { done(): void; failed(error: HallpassError): void }

/** How many ended sign-ins are remembered, so that a late delivery and the result page find them. */
const remembered = 100

export function describeSignIn(authorization: Authorization, profile: string, id: string, link: string, outcome: Promise<void>): SignIn {
  const { kind } = authorization
  return {
    ...{ id, profile, link, outcome },
    authorizationUrl: kind === 'code' ? authorization.url : undefined,
    device:
      kind === 'device'
        ? { userCode: authorization.userCode, verificationUri: authorization.verificationUri, expiresAt: authorization.expiresAt }
        : undefined,
    ...{ returnTo: undefined, state: 'pending', error: undefined },
  }
}

export function createOutcome(): { settle: Settle; outcome: Promise<void> } {
  let settle: Settle | undefined
  const outcome = new Promise<void>((resolve, reject) => {
    settle = { done: resolve, failed: reject }
  })
  // Nobody may be waiting when a sign-in fails; that is no unhandled rejection.
  outcome.catch(() => undefined)
  return { settle: settle as unknown as Settle, outcome }
}

/** Asks the authorization server no more. */
export function stop(authorization: Authorization): void {
  if (authorization.kind === 'device') authorization.cancel()
}

export function forgetOldest(byId: Map<string, Entry>, byState: Map<string, Entry>): void {
  for (const [id, { signIn, authorization }] of byId) {
    if (byId.size <= remembered) return
    if (signIn.state === 'pending') continue
    byId.delete(id)
    if (authorization.kind === 'code') byState.delete(authorization.state)
  }
}
