// What a `scope` parameter asks for: scopes carry their resource, and one request is for one resource.
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

/** Reads `scope` (RFC 6749 section 3.3). Throws 70011, 500011 or 650053. */
export function parseScopes(directory: Directory, application: Application, scope: string): ScopeRequest {
  const all = scope.split(' ').filter(Boolean)
  const ofResource = all.filter(name => !openIdScopes.has(name)).map(splitScope)
  const [audience = graph, ...others] = new Set(ofResource.map(({ audience }) => audience))
  const resource = findResource(directory, audience)
  if (others.some(other => findResource(directory, other) !== resource))
    throw new EntraError(70011, scope, 'it names more than one resource')
  const names = ofResource.map(({ name }) => name)
  if (names.includes('.default') && names.length > 1) throw new EntraError(70011, scope, ".default can't be combined with other scopes")
  for (const name of names)
    if (name !== '.default' && !resource.delegatedScopes.includes(name))
      throw new EntraError(650053, application.displayName, name, audience)
  const granted = names.length === 0 ? all.filter(name => name !== 'offline_access') : grantedNames(names, resource)
  return {
    audience,
    resource,
    granted,
    named: [...granted, ...names.filter(name => name === '.default')].map(name => (audience === graph ? name : `${audience}/${name}`)),
    openid: all.includes('openid'),
    offlineAccess: all.includes('offline_access'),
  }
}

/** Every scope of the sandbox's resources counts as consented to, which is what `.default` asks for. */
const grantedNames = (names: string[], { delegatedScopes }: Resource): string[] =>
  names.includes('.default') ? [...delegatedScopes] : [...new Set(names)]

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
