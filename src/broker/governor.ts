// Holds back what asks a person: one browser opens by itself until somebody answers, and requests wait only while somebody may be coming.
import type { Clock } from '../terms/edges.ts'

export type Governor = {
  /** Whether a browser may open by itself now. */
  mayOpen(profile: string): boolean
  /** A person was asked, whether a browser could be opened or not. */
  asked(profile: string): void
  /** Milliseconds for which a request may wait for the person who was asked; 0 when nobody came. */
  patience(profile: string): number
  /** What the person was asked has ended unanswered. */
  unanswered(profile: string): void
  /** Somebody asked for a page of ours, as a program can too: they may be asked once more, but what was declined before still counts. */
  seen(profile: string): void
  /** Somebody is there: ran `hallpass login`, or signed in. */
  acknowledged(profile: string): void
  /** Somebody was there, and did not sign in. Done twice in a row it means no: then only they themselves start again. */
  declined(profile: string): void
}

type Asked = { at: number | undefined; declined: number; seen: boolean }

const declinedForGood = 2

export function createGovernor({ clock, waitSeconds }: { clock: Clock; waitSeconds: number }): Governor {
  const known = new Map<string, Asked>()
  const wait = waitSeconds * 1000
  const of = (profile: string): Asked => known.get(profile) ?? { at: undefined, declined: 0, seen: false }
  return {
    mayOpen: profile => {
      const { at, declined } = of(profile)
      return at === undefined && declined < declinedForGood
    },
    asked: profile => void known.set(profile, { ...of(profile), at: of(profile).at ?? clock.now() }),
    patience: profile => {
      const { at, declined } = of(profile)
      if (declined >= declinedForGood) return 0
      return at === undefined ? wait : Math.max(0, at + wait - clock.now())
    },
    unanswered: profile => {
      const { at, declined, seen } = of(profile)
      // Whoever looked and did not sign in has declined, or a program that looks would have a browser opened whenever a sign-in ends.
      known.set(profile, { at: at && Number.NEGATIVE_INFINITY, declined: seen ? declined + 1 : declined, seen: false })
    },
    seen: profile => void known.set(profile, { ...of(profile), at: undefined, seen: true }),
    acknowledged: profile => void known.delete(profile),
    declined: profile => void known.set(profile, { at: undefined, declined: of(profile).declined + 1, seen: false }),
  }
}
