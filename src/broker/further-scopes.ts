// Begins an authorization that covers every resource which the profile's routes use, or only the first where the tenant lacks another.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Authorization, Identity, Wanted } from '../identity/identity.ts'
import type { Route } from '../terms/route.ts'

/** What is asked of a person beside the first resource. */
export type Wish = { claims?: string | undefined }

/** Rejects when the authorization server would not take it. */
export async function beginAuthorization(
  identity: Identity,
  wanted: Wanted,
  { claims }: Wish,
  alsoConsent: readonly string[],
): Promise<Authorization> {
  const wish = claims === undefined ? {} : { claims }
  try {
    return await begin(identity, wanted, alsoConsent.length ? { ...wish, alsoConsent } : wish)
  } catch (error) {
    if (!alsoConsent.length || !(error instanceof HallpassError) || error.code !== 'sign-in-refused') throw error
    return begin(identity, wanted, wish)
  }
}

async function begin(
  identity: Identity,
  wanted: Wanted,
  wish: { claims?: string; alsoConsent?: readonly string[] },
): Promise<Authorization> {
  const authorization = await identity.begin(wanted, wish)
  if (authorization.kind === 'code') await authorization.check()
  return authorization
}

/**
 * The scopes of the profile's other routes. None where one is a resource's `/.default`: the server refuses it beside others (AADSTS70011),
 * and it already means all that the registration lists.
 */
export function furtherScopes(routes: readonly Route[], profile: string, wanted: Wanted): string[] {
  const others = routes
    .filter(route => route.profile === profile && route.audience !== wanted.audience)
    .flatMap(({ scopes }) => scopes)
    .filter(scope => !wanted.scopes.includes(scope))
  const all = [...wanted.scopes, ...others]
  return all.some(scope => scope.endsWith('/.default')) ? [] : [...new Set(others)]
}
