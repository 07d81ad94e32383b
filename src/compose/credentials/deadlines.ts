// When the credential of a profile ends, and what to say about it.
import { HallpassError } from '../../errors/hallpass-error.ts'
import { dateOf, describeDistance, stageOf } from '../../terms/expiry.ts'

/** `expiresAt` is in milliseconds since the epoch, null where nobody said. `previous`: the newest is not taken yet, this one came before it. */
export type Deadline = { profile: string; kind: 'secret' | 'certificate'; expiresAt: number | null; assumed: boolean; previous: boolean }

/** What is to be said at the time `now`: that it expires soon, or has expired; undefined while there is time. */
export function warningOf({ profile, kind, expiresAt, assumed }: Deadline, now: number): HallpassError | undefined {
  const stage = expiresAt === null ? undefined : stageOf(expiresAt, now)
  if (expiresAt === null || stage === undefined) return undefined
  const particulars = {
    profile,
    kind: kind === 'secret' ? 'client secret' : kind,
    date: dateOf(expiresAt),
    when: describeDistance(expiresAt, now),
    note: assumed ? ' (assumed: nobody said when)' : '',
    fix: assumed ? `${renewal[kind](profile)} If it lives longer, say so with \`--expires\`.` : renewal[kind](profile),
  }
  return new HallpassError(stage === 'expired' ? 'credential-expired' : 'credential-expiring', particulars)
}

const renewal = {
  secret: (profile: string) =>
    `Make a new one in the portal and put it in: \`hallpass secret set ${profile}\`. The old one serves until then.`,
  certificate: (profile: string) => `Make a new one and upload it: \`hallpass cert new ${profile}\`. The old one serves until then.`,
}
