// What the sandbox's tenant holds: its people, applications and resources, and how a request names them.
import type { DataRole } from '../contract.ts'
import { EntraError } from './entra-error.ts'

export type DirectoryPerson = {
  name: string
  username: string
  oid: string
  roles: readonly string[]
  may: string
  /** Why this account cannot sign in; undefined when it can. */
  hindrance?: 'disabled' | 'foreign'
}

/** Where a redirect URI is registered; the platform decides what client type the application has there. */
export type Platform = 'web' | 'spa' | 'publicClient'

/** A client secret; its id identifies it in the portal and proves nothing. Times in milliseconds since the epoch. */
export type ClientSecret = { id: string; value: string; start: number; end: number }

/** A certificate that may sign client assertions; thumbprints in upper-case hexadecimal without colons. */
export type ClientCertificate = { pem: string; thumbprint: string; thumbprintSha256: string; start: number; end: number }

/** Permissions on one resource: delegated scopes and app roles, by name. */
export type ApplicationPermission = { resourceAppId: string; scopes: readonly string[]; roles: readonly string[] }

/** An app registration with its service principal. It may have secrets, certificates and public-client platforms all at once. */
export type Application = {
  appId: string
  displayName: string
  /** Of the service principal: what an application's own token has as `oid`, and role assignments name. */
  objectId: string
  redirectUris: Readonly<Record<Platform, readonly string[]>>
  /** "Allow public client flows" (isFallbackPublicClient): decides where no redirect URI does. */
  publicClientFlows: boolean
  multiTenant: boolean
  secrets: readonly ClientSecret[]
  certificates: readonly ClientCertificate[]
  permissions: readonly ApplicationPermission[]
  /** Whether an administrator consented to the delegated permissions for everybody; app roles always count as granted. */
  adminConsent: boolean
  /** Usernames of those who may sign in where assignment is required; undefined where it is not. */
  assignedTo: readonly string[] | undefined
  /** Azure role assignments of the service principal, by which the health services decide. */
  dataRoles: readonly DataRole[]
}

/** A permission that a resource defines, with its id in the registration. */
export type Permission = { id: string; name: string }

/** An API that tokens can be for. */
export type Resource = {
  appId: string
  displayName: string
  /** Every identifier that a scope may name it by; the one that is used becomes the token's audience. */
  identifiers: readonly string[]
  delegatedScopes: readonly Permission[]
  appRoles: readonly Permission[]
}

/** Whether people may consent to applications themselves; with `request` they may ask an administrator to. */
export type UserConsent = 'allowed' | 'disabled' | 'request'

export type Directory = {
  tenantId: string
  domain: string
  people: readonly DirectoryPerson[]
  applications: readonly Application[]
  resources: readonly Resource[]
  userConsent: UserConsent
}

/** The identifier of Microsoft Graph, which a scope without a resource means. */
export const graph = '00000003-0000-0000-c000-000000000000'

const sharedEndpoints = new Set(['common', 'organizations'])
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const domainName = /^(?=.{1,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$/i

export const isSharedEndpoint = (tenant: string): boolean => sharedEndpoints.has(tenant.toLowerCase())

/** Throws unless the path's tenant is this directory's, by id or by domain, or one of the endpoints that all tenants share. */
export function checkTenant({ tenantId, domain }: Directory, tenant: string): void {
  if (isSharedEndpoint(tenant)) return
  if (!guid.test(tenant) && !domainName.test(tenant)) throw new EntraError(900023, tenant)
  if (![tenantId, domain].includes(tenant.toLowerCase())) throw new EntraError(90002, tenant)
}

/** The application that asks. Only a multi-tenant one may ask through a shared endpoint. */
export function findApplication(directory: Directory, tenant: string, clientId: string): Application {
  checkTenant(directory, tenant)
  const application = directory.applications.find(({ appId }) => appId === clientId.toLowerCase())
  if (!application) throw new EntraError(700016, clientId, directory.domain)
  if (isSharedEndpoint(tenant) && !application.multiTenant) throw new EntraError(50194, application.appId, application.displayName, tenant)
  return application
}
