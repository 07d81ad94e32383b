// The identity that a profile's flow asks for.
import { createApplicationIdentity } from './application-identity.ts'
import type { IdentityParts } from './client-application.ts'
import type { Identity } from './identity.ts'
import { createPersonIdentity } from './person-identity.ts'

export function createIdentity(parts: IdentityParts): Identity {
  return parts.profile.flow === 'client-credentials' ? createApplicationIdentity(parts) : createPersonIdentity(parts)
}
