// The scope strings by which the v2 token endpoint is asked for a resource's token.
import type { Profile } from './profile.ts'
import { dicomAudience, type ServiceKind } from './service-url.ts'

/**
 * The delegated scope for a resource. The named permissions work whether or not the registration lists them (Entra asks for consent);
 * a resource of one's own has permissions that we cannot know, so it is asked for what the registration lists (`/.default`).
 */
export function delegatedScope(kind: ServiceKind, audience: string, ownResource: boolean): string {
  const resource = audience.replace(/\/+$/, '')
  if (ownResource) return `${resource}/.default`
  if (kind === 'dicom' && resource === dicomAudience) return `${resource}/Dicom.ReadWrite`
  return kind === 'fhir' ? `${resource}/user_impersonation` : `${resource}/.default`
}

/** The only scope that an application may ask for itself (OAuth 2.0 client credentials flow on the Microsoft identity platform). */
export function applicationScope(audience: string): string {
  return `${audience.replace(/\/+$/, '')}/.default`
}

/** The scope for a route that names none, by the flow of its profile. */
export function scopeFor(flow: Profile['flow'], kind: ServiceKind, audience: string, ownResource: boolean): string {
  return flow === 'client-credentials' ? applicationScope(audience) : delegatedScope(kind, audience, ownResource)
}

/** What a scope string asks for: a permission of a resource, and either may be missing from what was written. */
export type ScopeParts = { resource: string | undefined; permission: string | undefined }

/** A scope of the form `resource/permission`; the resource is an application ID URI or a GUID, without trailing slash. */
export function parseScope(scope: string): ScopeParts {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(scope)?.[0] ?? ''
  const rest = scope.slice(scheme.length)
  const cut = rest.lastIndexOf('/')
  const isGuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(rest)
  if (cut === -1 && (scheme || isGuid)) return { resource: scope, permission: undefined }
  if (cut === -1) return { resource: undefined, permission: scope }
  return { resource: scheme + rest.slice(0, cut).replace(/\/+$/, ''), permission: rest.slice(cut + 1) || undefined }
}
