// An application's own identity on MSAL Node: client credentials, with nobody signed in.
import { HallpassError } from '../errors/hallpass-error.ts'
import { asBearer } from './as-bearer.ts'
import { authorityOf } from './authority.ts'
import { detachable } from './cache-plugin.ts'
import { confidentialApplications, type IdentityParts } from './client-application.ts'
import { asTokenFailure } from './failure.ts'
import type { Identity } from './identity.ts'

/** A region from the environment would change the token endpoint behind our back. */
const azureRegion = 'DisableMsalForceRegion'

/** The identity of a profile whose application acts for itself. It has no sign-in; what it lacks is a credential. */
export function createApplicationIdentity(parts: IdentityParts): Identity {
  const { profile, explain } = parts
  const begin = () => {
    const cache = detachable(parts.cache)
    return { cache, applications: confidentialApplications({ ...parts, cache }) }
  }
  let session = begin()
  return {
    authorizationOrigin: authorityOf(profile).origin,
    browser: undefined,
    callbackPath: undefined,
    begin: async () => {
      throw new HallpassError('internal', { what: 'a sign-in was begun for an application that acts for itself' })
    },
    silently: async (wanted, { renew = false, claims } = {}) => {
      const request = { scopes: wanted.scopes, azureRegion, skipCache: renew, ...(claims && { claims }) }
      try {
        return asBearer(await session.applications.attempt(confidential => confidential.acquireTokenByClientCredential(request)), wanted)
      } catch (error) {
        throw asTokenFailure(error, wanted.audience, explain)
      }
    },
    account: async () =>
      parts.credentials().usable.length ? { username: `application ${profile.clientId}`, tenantId: profile.tenantId } : undefined,
    forget: async () => {
      session.cache.detach()
      session = begin()
      parts.cache.set(undefined)
    },
  }
}
