// A sign-in as others see it, and what they can do with all of them.
import type { HallpassError } from '../errors/hallpass-error.ts'
import type { AuthorizationResponse, Wanted } from '../identity/identity.ts'
import type { Wish } from './begin-sign-in.ts'

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

type StartOptions = Wish & { open: Opening; returnTo?: string | undefined }

export type SignIns = {
  /** The pending sign-in of the profile, started when there is none. Rejects when the authorization server would not take it. */
  start(profile: string, wanted: Wanted, options: StartOptions): Promise<SignIn>
  /** Ends the sign-in to which the response belongs; a second delivery changes nothing. Undefined when it belongs to none. */
  complete(response: AuthorizationResponse): Promise<SignIn | undefined>
  find(id: string): SignIn | undefined
  /**
   * Follows the link that a browser was started with. Whoever asks second is told so by `used`, and ends the sign-in if it is pending: one of the two
   * may be another user, who read the browser's arguments, so nobody stays signed in by it. Undefined for a link that was not given.
   */
  followOpening(secret: string): { signIn: SignIn; used: boolean } | undefined
  pendingOf(profile: string): SignIn | undefined
  /** Somebody is there for this profile's sign-in: from now on it may ask again by itself, and what failed is tried again at once. */
  acknowledge(profile: string): void
  /** Somebody asked for a page of the profile's sign-in, which may be a program: they may be asked once more, and what failed is tried again at once. */
  seen(profile: string): void
  /** Ends the pending sign-in of the profile because somebody on a page of ours said no; twice in a row it means no. */
  decline(profile: string): void
  /** Ends the pending sign-in of the profile; false when there is none. */
  cancel(profile: string, reason?: HallpassError): boolean
  /** Ends every pending sign-in with this reason, and begins none any more. */
  close(reason: HallpassError): void
}
