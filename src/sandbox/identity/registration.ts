// Turns what the sandbox is told to register into applications and resources, as the portal would, or refuses in one sentence.
import { randomBytes, randomUUID, X509Certificate } from 'node:crypto'
import type { DataRole } from '../contract.ts'
import { type Application, type ClientCertificate, type ClientSecret, graph, type Platform, type Resource } from './directory.ts'
import { redirectUriProblem } from './redirect-uri.ts'

export type SecretRegistration = {
  /** Generated unless given. */
  value?: string
  /** The Secret ID, a GUID; generated unless given. */
  id?: string
  /** Milliseconds since the epoch: from now, for 180 days, unless set. */
  start?: number
  end?: number
}

export type ApplicationRegistration = {
  displayName: string
  /** Application (client) ID; generated unless given. */
  appId?: string
  redirectUris?: Partial<Record<Platform, readonly string[]>>
  /** "Allow public client flows"; off unless set, as in the portal. */
  publicClientFlows?: boolean
  multiTenant?: boolean
  secrets?: readonly SecretRegistration[]
  /** X.509 certificates in PEM, public parts only. */
  certificates?: readonly string[]
  /** By an identifier of the resource; delegated permissions on FHIR and DICOM unless set. */
  permissions?: readonly { resource: string; scopes?: readonly string[]; roles?: readonly string[] }[]
  /** Whether an administrator has consented for everybody; yes unless set to false. */
  adminConsent?: boolean
  /** Requires assignment, of these usernames. */
  assignedTo?: readonly string[]
  /** Azure role assignments of the service principal; none unless set. */
  dataRoles?: readonly DataRole[]
}

/** A resource application of the tenant's own. */
export type ResourceRegistration = {
  displayName: string
  appId?: string
  /** Identifier URIs such as `api://my-api`; the application ID always names it too. */
  identifiers: readonly string[]
  scopes?: readonly string[]
  roles?: readonly string[]
}

const secretLife = 180 * 24 * 3_600_000

/** Throws an Error in one sentence for a redirect URI, certificate or permission that could not be registered. */
export function registerApplication(wanted: ApplicationRegistration, resources: readonly Resource[], now: number): Application {
  const { displayName, publicClientFlows = false, multiTenant = false, adminConsent = true, assignedTo, dataRoles = [] } = wanted
  const redirectUris = { web: [], spa: [], publicClient: [], ...wanted.redirectUris }
  for (const platform of ['web', 'spa', 'publicClient'] as const)
    for (const uri of redirectUris[platform]) {
      const problem = redirectUriProblem(uri, platform)
      if (problem) throw new Error(`the redirect URI '${uri}' cannot be registered: ${problem}`)
    }
  const permissions = wanted.permissions ?? defaultPermissions(resources)
  return {
    appId: (wanted.appId ?? randomUUID()).toLowerCase(),
    displayName,
    objectId: randomUUID(),
    redirectUris,
    publicClientFlows,
    multiTenant,
    secrets: (wanted.secrets ?? []).map(secret => registerSecret(secret, now)),
    certificates: (wanted.certificates ?? []).map(registerCertificate),
    permissions: permissions.map(permission => resolvePermission(permission, resources)),
    adminConsent,
    assignedTo,
    dataRoles,
  }
}

/** A resource application. */
export function registerResource({
  displayName,
  appId = randomUUID(),
  identifiers,
  scopes = [],
  roles = [],
}: ResourceRegistration): Resource {
  const named = (names: readonly string[]) => names.map(name => ({ id: randomUUID(), name }))
  return { appId, displayName, identifiers, delegatedScopes: named(scopes), appRoles: named(roles) }
}

function registerSecret({ value = generateSecret(), id = randomUUID(), start, end }: SecretRegistration, now: number): ClientSecret {
  return { id, value, start: start ?? now, end: end ?? now + secretLife }
}

/** 40 characters in the shape of Entra's own, by which scanners know a leaked one. */
function generateSecret(): string {
  const letters = randomBytes(48).toString('base64url').replace(/[-_]/g, 'x')
  return `${letters.slice(0, 3)}8Q~${letters.slice(3, 37)}`
}

function registerCertificate(pem: string): ClientCertificate {
  const certificate = new X509Certificate(pem)
  const { fingerprint, fingerprint256, validFrom, validTo } = certificate
  const hex = (print: string) => print.replaceAll(':', '')
  const life = { start: Date.parse(validFrom), end: Date.parse(validTo) }
  return { pem: certificate.toString(), thumbprint: hex(fingerprint), thumbprintSha256: hex(fingerprint256), ...life }
}

type PermissionRegistration = NonNullable<ApplicationRegistration['permissions']>[number]

/** What the portal calls configured permissions: all of the health resources' scopes, and User.Read, which it adds by itself. */
function defaultPermissions(resources: readonly Resource[]): PermissionRegistration[] {
  return resources
    .filter(({ delegatedScopes }) => delegatedScopes.length > 0)
    .map(({ appId, delegatedScopes }) => ({
      resource: appId,
      scopes: appId === graph ? ['User.Read'] : delegatedScopes.map(({ name }) => name).slice(0, 1),
    }))
}

function resolvePermission({ resource: identifier, scopes = [], roles = [] }: PermissionRegistration, resources: readonly Resource[]) {
  const resource = resources.find(({ appId, identifiers }) => appId === identifier || identifiers.includes(identifier))
  if (!resource) throw new Error(`there is no resource '${identifier}' to have permissions on`)
  const unknown = [
    ...scopes.filter(scope => !resource.delegatedScopes.some(({ name }) => name === scope)),
    ...roles.filter(role => !resource.appRoles.some(({ name }) => name === role)),
  ]
  if (unknown.length > 0) throw new Error(`${resource.displayName} has no permission '${unknown[0]}'`)
  return { resourceAppId: resource.appId, scopes, roles }
}
