// What the sandbox's tenant holds: its people, applications and resources, and how a request names them.
import { EntraError } from './entra-error.ts'

export type DirectoryPerson = { name: string; username: string; oid: string; roles: readonly string[]; may: string }

/** An app registration. Redirect URIs stand under the platform they were registered for; the platform decides the client type. */
export type Application = {
  appId: string
  displayName: string
  redirectUris: { publicClient: readonly string[] }
}

/** An API that tokens can be for. */
export type Resource = {
  appId: string
  displayName: string
  /** Every identifier that a scope may name it by; the one that is used becomes the token's audience. */
  identifiers: readonly string[]
  delegatedScopes: readonly string[]
}

export type Directory = {
  tenantId: string
  domain: string
  people: readonly DirectoryPerson[]
  applications: readonly Application[]
  resources: readonly Resource[]
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

/** The application that asks. Every application here is single-tenant: none may ask through a shared endpoint. */
export function findApplication(directory: Directory, tenant: string, clientId: string): Application {
  checkTenant(directory, tenant)
  const application = directory.applications.find(({ appId }) => appId === clientId.toLowerCase())
  if (!application) throw new EntraError(700016, clientId, directory.domain)
  if (isSharedEndpoint(tenant)) throw new EntraError(50194, application.appId, application.displayName, tenant)
  return application
}
