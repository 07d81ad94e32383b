// Who consented to what: once for each person, application and scope, or by an administrator for everybody.
import type { AuthorizationServer } from './authorization-server.ts'
import type { Application, DirectoryPerson, Resource } from './directory.ts'
import { EntraError } from './entra-error.ts'
import type { ScopeRequest } from './scopes.ts'

/** A delegated scope of a resource. */
export type WantedScope = { resource: Resource; name: string }

type Who = { application: Application; person: DirectoryPerson }

/** The scopes that neither an administrator nor the person has consented to. */
export function missingConsent({ consents }: AuthorizationServer, who: Who, requests: readonly ScopeRequest[]): WantedScope[] {
  return wantedScopes(requests).filter(scope => !coveredByAdministrator(who.application, scope) && !consents.has(keyOf(who, scope)))
}

/** Remembers the person's consent. Bounded by what the directory holds. */
export function rememberConsent({ consents }: AuthorizationServer, who: Who, requests: readonly ScopeRequest[]): void {
  for (const scope of wantedScopes(requests)) consents.add(keyOf(who, scope))
}

/** Throws 65001 unless all was consented to before: where nobody can be asked. */
export function demandConsent(server: AuthorizationServer, who: Who, request: ScopeRequest): void {
  const { appId, displayName } = who.application
  if (missingConsent(server, who, [request]).length > 0) throw new EntraError(65001, appId, displayName)
}

export function wantedScopes(requests: readonly ScopeRequest[]): WantedScope[] {
  return requests.flatMap(({ resource, granted }) => granted.map(name => ({ resource, name })))
}

/** An administrator consents to what the registration lists; OpenID's own scopes come with that. */
function coveredByAdministrator({ adminConsent, permissions }: Application, { resource, name }: WantedScope): boolean {
  if (!adminConsent) return false
  if (['openid', 'profile', 'email'].includes(name)) return true
  return permissions.some(({ resourceAppId, scopes }) => resourceAppId === resource.appId && scopes.includes(name))
}

const keyOf = ({ application, person }: Who, { resource, name }: WantedScope): string =>
  [person.oid, application.appId, resource.appId, name].join(' ')
