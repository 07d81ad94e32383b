// What one sign-in asks consent for beside its first resource, so that it covers all that the profile's routes use.
import type { Wanted } from '../identity/identity.ts'
import type { Route } from '../terms/route.ts'

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
