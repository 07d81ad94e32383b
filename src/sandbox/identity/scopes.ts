// What a `scope` parameter asks for: scopes carry their resource, and one token is for one resource.
// (Scopes and permissions in the Microsoft identity platform, Microsoft Learn)
import { type Application, type Directory, graph, type Resource } from './directory.ts'
import { EntraError } from './entra-error.ts'

export type ScopeRequest = {
  /** The resource's identifier as the scopes named it: the audience. */
  audience: string
  resource: Resource
  /** Names without resource, as they go into `scp`. */
  granted: string[]
  /** With their resource, as they go into the token response; `.default` is repeated when it was asked for. */
  named: string[]
  openid: boolean
  offlineAccess: boolean
}

const openIdScopes = new Set(['openid', 'profile', 'email', 'offline_access'])

/** Reads the `scope` of a token request (RFC 6749 section 3.3), which may name one resource. Throws 28000, 70011, 500011, 650053 or 650057. */
export function parseScopes(directory: Directory, application: Application, scope: string): ScopeRequest {
  const [request, ...others] = parseScopesOfResources(directory, application, scope)
  if (others.length > 0) throw new EntraError(28000, scope)
  return request
}

/**
 * Reads the `scope` of an authorization request. It may name several resources, to have them all consented to at once (MSAL's
 * extraScopesToConsent); tokens are for the first. Throws 70011, 500011, 650053 or 650057.
 */
export function parseScopesOfResources(directory: Directory, application: Application, scope: string): [ScopeRequest, ...ScopeRequest[]] {
  const all = scope.split(' ').filter(Boolean)
  const ofResource = all.filter(name => !openIdScopes.has(name)).map(splitScope)
  if (ofResource.length > 1 && ofResource.some(({ name }) => name === '.default'))
    throw new EntraError(70011, scope, ".default can't be combined with resource-specific scopes")
  const groups = new Map<Resource, { audience: string; names: string[] }>()
  for (const { audience, name } of ofResource) {
    const resource = findResource(directory, audience)
    const group = groups.get(resource) ?? { audience, names: [] }
    group.names.push(name)
    groups.set(resource, group)
  }
  if (groups.size === 0) groups.set(findResource(directory, graph), { audience: graph, names: [] })
  const [first, ...others] = [...groups].map(([resource, { audience, names }]) =>
    readScopes(application, { audience, resource }, names, all),
  )
  if (!first) throw new EntraError(70011, scope, 'it names nothing')
  return [first, ...others]
}

type Target = Pick<ScopeRequest, 'audience' | 'resource'>

function readScopes(application: Application, { audience, resource }: Target, names: string[], all: string[]): ScopeRequest {
  for (const name of names)
    if (name !== '.default' && !resource.delegatedScopes.some(scope => scope.name === name))
      throw new EntraError(650053, application.displayName, name, audience)
  const asksDefault = names.includes('.default')
  const granted = asksDefault ? listedScopes(application, audience, resource) : [...new Set(names)]
  if (names.length === 0) granted.push(...all.filter(name => name !== 'offline_access'))
  return {
    audience,
    resource,
    granted,
    named: [...granted, ...(asksDefault ? ['.default'] : [])].map(name => (audience === graph ? name : `${audience}/${name}`)),
    openid: all.includes('openid'),
    offlineAccess: all.includes('offline_access'),
  }
}

/** `.default` means the delegated permissions that the registration lists. */
function listedScopes({ appId, displayName, permissions }: Application, audience: string, resource: Resource): string[] {
  const listed = permissions.find(({ resourceAppId, scopes }) => resourceAppId === resource.appId && scopes.length > 0)
  if (listed) return [...listed.scopes]
  const valid = permissions.map(({ resourceAppId }) => resourceAppId).join(', ')
  throw new EntraError(650057, appId, displayName, audience, resource.appId, valid)
}

/** The resource that an application asks for as itself: `scope` must be one resource's `.default`. Throws 1002012, 28000 or 500011. */
export function parseApplicationScope(directory: Directory, scope: string): Target {
  const names = scope.split(' ').filter(Boolean)
  if (names.length === 0 || names.some(name => !name.endsWith('/.default'))) throw new EntraError(1002012, scope)
  const [{ audience } = { audience: '' }, ...others] = names.map(splitScope)
  const resource = findResource(directory, audience)
  if (others.some(other => findResource(directory, other.audience) !== resource)) throw new EntraError(28000, scope)
  return { audience, resource }
}

/** The resource is all before the last slash: `https://r//.default` names `https://r/`. */
function splitScope(scope: string): { audience: string; name: string } {
  const slash = scope.lastIndexOf('/')
  if (slash < 0) return { audience: graph, name: scope }
  const [audience, name] = [scope.slice(0, slash), scope.slice(slash + 1)]
  if (!name || /^[a-z]+:\/*$/i.test(audience)) throw new EntraError(70011, scope, 'it must be a resource, a slash and a name')
  return { audience, name }
}

function findResource({ resources, domain }: Directory, identifier: string): Resource {
  const resource = resources.find(({ appId, identifiers }) => appId === identifier || identifiers.includes(identifier))
  if (!resource) throw new EntraError(500011, identifier, domain)
  return resource
}

/**
 * RFC 8707's `resource`, which hides a version 1.0 request or a client of another provider. Throws 9010010 when the scopes mean another
 * resource, 901002 otherwise.
 */
export function refuseResourceParameter(directory: Directory, sent: string | undefined, scope: string | undefined): void {
  if (sent === undefined) return
  const meant = directory.resources.find(({ appId, identifiers }) => appId === sent || identifiers.includes(sent))
  const audiences = (scope ?? '')
    .split(' ')
    .filter(name => name.includes('/'))
    .map(name => splitScope(name).audience)
  if (audiences.length > 0 && !audiences.some(audience => audience === sent || meant?.identifiers.includes(audience)))
    throw new EntraError(9010010)
  throw new EntraError(901002)
}
