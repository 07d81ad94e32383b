// The scope strings by which the v2 token endpoint is asked for a resource's token.
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
