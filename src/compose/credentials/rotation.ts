// Which of two credentials side by side serves: what Entra ID took last, and what it does not take yet.
import { HallpassError } from '../../errors/hallpass-error.ts'
import type { ClientCredential } from '../../identity/client-application.ts'
import type { Tell } from '../../journal/events.ts'
import type { Profile } from '../../terms/profile.ts'

export type Rotation = {
  /** Entra ID took one and, right before, refused these newer ones. Tells when that changes which one serves. */
  proved(profile: Profile, taken: ClientCredential, refused: readonly ClientCredential[]): void
  /** The secret, or the SHA-256 thumbprint, that Entra ID took last in this run. */
  inUse(profile: Profile): string | undefined
  /** True while the newest is refused and the one before it serves. */
  fellBack(profile: Profile): boolean
}

type Seen = { taken: string; refused: string | undefined }

/** Remembers for as long as the daemon runs, whatever becomes of its configuration. */
export function createRotation(tell: Tell): Rotation {
  const seen = new Map<string, Seen>()
  return {
    proved: (profile, taken, [newest]) => {
      const before = seen.get(keyOf(profile))
      const refused = newest && idOf(newest)
      seen.set(keyOf(profile), { taken: idOf(taken), refused })
      if (refused !== undefined && refused !== before?.refused) tell(fallbackEvent(profile))
      if (before?.refused !== undefined && before.refused === idOf(taken))
        tell({ event: 'credential-accepted', profile: profile.name, credential: taken.kind })
    },
    inUse: profile => seen.get(keyOf(profile))?.taken,
    fellBack: profile => seen.get(keyOf(profile))?.refused !== undefined,
  }
}

/** Tells two credentials of a registration apart. */
export function idOf(credential: ClientCredential): string {
  return credential.kind === 'secret' ? credential.secret : credential.thumbprintSha256
}

function keyOf({ tenantId, clientId, credential }: Profile): string {
  return `${tenantId}:${clientId}:${credential}`.toLowerCase()
}

function fallbackEvent({ name, credential }: Profile) {
  const fix =
    credential === 'certificate'
      ? `If it stays, upload the public part: \`hallpass cert show ${name}\` says which.`
      : `If it stays, put the Value in again: \`hallpass secret set ${name}\`.`
  const { code, summary, remedy } = new HallpassError('credential-fallback', { profile: name, kind: kindName[credential], fix })
  return { event: 'credential-fallback' as const, profile: name, code, summary, remedy }
}

const kindName = { none: 'credential', secret: 'client secret', certificate: 'certificate' } as const
