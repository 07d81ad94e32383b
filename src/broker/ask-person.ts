// Lets requests wait for a person to sign in, or tells them at once where one can.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Clock } from '../terms/edges.ts'
import type { Profile } from '../terms/profile.ts'
import type { Governor } from './governor.ts'
import type { SignIns } from './sign-in.ts'
import type { Slot } from './slots.ts'
import { within } from './within.ts'

export type AskPerson = {
  /**
   * Resolves when somebody has signed in. Rejects with sign-in-wait-over, too-many-waiting, what the sign-in ends with, or at once with
   * sign-in-required when nobody answered the last time.
   */
  wait(slot: Slot, claims: string | undefined, signal: AbortSignal): Promise<void>
  /** Rejects at once with sign-in-required and the link of a sign-in, or of the page that starts one. */
  refuse(slot: Slot, where: 'link' | 'page', claims?: string): Promise<never>
  /** How many requests wait for a person now, of one profile or of all. */
  waiting(profile?: string): number
}

export type AskPersonParts = {
  signIns: SignIns
  governor: Governor
  clock: Clock
  flowOf: (profile: string) => Profile['flow'] | undefined
  waitSeconds: number
  maxWaiting: number
  /** The page with a sign-in button. */
  signInPage: () => string
}

export function createAskPerson(parts: AskPersonParts): AskPerson {
  const { signIns, governor, clock } = parts
  const waiting = new Map<string, number>()
  const count = (profile?: string) =>
    profile === undefined ? [...waiting.values()].reduce((sum, some) => sum + some, 0) : (waiting.get(profile) ?? 0)

  /** Nobody reads the code that a request by itself would ask for, and codes end: the button is for whoever comes. */
  const linkFor = async ({ profile, wanted }: Slot, claims: string | undefined): Promise<string> => {
    const pending = signIns.pendingOf(profile)
    if (pending) return pending.link
    if (parts.flowOf(profile) === 'device-code') return parts.signInPage()
    return (await signIns.start(profile, wanted, { open: 'never', claims })).link
  }

  const refuse: AskPerson['refuse'] = async (slot, where, claims) => {
    const { profile } = slot
    const link = where === 'page' ? parts.signInPage() : await linkFor(slot, claims)
    throw new HallpassError(
      'sign-in-required',
      { profile, link },
      { fields: { 'WWW-Authenticate': `Bearer realm="hallpass", sign_in_uri="${link}"` } },
    )
  }

  const wait: AskPerson['wait'] = async (slot, claims, signal) => {
    const { profile, wanted } = slot
    if (governor.patience(profile) === 0) return refuse(slot, 'link', claims)
    if (count() >= parts.maxWaiting)
      throw new HallpassError('too-many-waiting', { limit: parts.maxWaiting }, { fields: { 'Retry-After': '10' } })
    waiting.set(profile, count(profile) + 1)
    try {
      const signIn = await signIns.start(profile, wanted, { open: 'once', claims })
      const over = () =>
        new HallpassError(
          'sign-in-wait-over',
          { profile, seconds: parts.waitSeconds, link: signIn.link },
          { fields: { 'Retry-After': '10' } },
        )
      await within(signIn.outcome, governor.patience(profile), clock, signal, over)
    } finally {
      waiting.set(profile, count(profile) - 1)
    }
  }

  return { wait, refuse, waiting: count }
}
