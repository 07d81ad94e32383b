// A sign-in as others see it.
import type { HallpassError } from '../errors/hallpass-error.ts'

export type SignIn = {
  /** Unguessable name in the sign-in's link. */
  readonly id: string
  readonly profile: string
  readonly link: string
  /** Where the browser goes to sign in; undefined where a code is typed in instead. */
  readonly authorizationUrl: string | undefined
  /** What the person types where, in a device authorization (RFC 8628). */
  readonly device: DevicePrompt | undefined
  /** Path of ours to go to afterwards. */
  returnTo: string | undefined
  state: 'pending' | 'done' | 'failed'
  error: HallpassError | undefined
  /** Resolves when somebody signed in; rejects with the reason when nobody will. */
  readonly outcome: Promise<void>
}

export type DevicePrompt = {
  readonly userCode: string
  readonly verificationUri: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/** Whether a browser opens: never, by itself if nobody was asked before, or because the user asked for it. */
export type Opening = 'never' | 'once' | 'again'
