// The rules of audiences and scopes: what was right for the v1 endpoint or in another cloud, and what to write here.

import type { Profile } from '../terms/profile.ts'
import { applicationScope, parseScope, scopeFor } from '../terms/scope.ts'
import { type DerivedService, dicomAudience, type ServiceKind } from '../terms/service-url.ts'
import { isForeignResource } from './foreign-resources.ts'

/** What is wrong, as a clause, and what to do. */
export type Complaint = { what: string; fix: string }

/** Spellings under which the audience of DICOM services goes about, in documentation of other tools too; none of them is one. */
const dicomMisspellings = [
  'https://dicom.azurehealthcareapis.azure.com',
  'https://dicom.azurehealthcareapis.com',
  'https://dicom.healthcareapis.com',
  'https://dicom.healthcareapi.azure.com',
  'https://dicom.healthcareapis.azure.us',
  'https://healthcareapis.azure.com',
  '75e725bf-66ce-4cea-9b9a-5c4caae57f33',
  'api://75e725bf-66ce-4cea-9b9a-5c4caae57f33',
]

const identifier = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/].*|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i

/** What is wrong with an audience that somebody wrote. */
export function complainOfAudience(audience: string, kind: ServiceKind, derived: DerivedService | undefined): Complaint | undefined {
  const plain = audience.replace(/\/+$/, '')
  const isDicomAddress = /^https:\/\/[^/]+\.dicom\.azurehealthcareapis\.(com|us)(\/|$)/i.test(audience)
  const publicDicom = kind === 'dicom' && derived?.cloud !== 'us-government'
  if (publicDicom && (dicomMisspellings.includes(plain.toLowerCase()) || isDicomAddress))
    return {
      what: `"audience" is ${isDicomAddress ? 'the address of a DICOM service' : 'a wrong spelling'}; DICOM services have one audience in common`,
      fix: `Write "${dicomAudience}", or leave "audience" out.`,
    }
  if (derived?.kind === 'fhir' && (plain === dicomAudience || dicomMisspellings.includes(plain.toLowerCase())))
    return { what: '"audience" is the one of DICOM services', fix: 'A FHIR service’s audience is its own URL: leave "audience" out.' }
  if (isForeignResource(bare(plain)))
    return {
      what: '"audience" is a resource of another service of Microsoft: whoever is at the origin would get a token for that service',
      fix: 'Write the Audience on the service’s Authentication page in the portal, and never one that a service’s answer told you.',
    }
  if (/[^\x21-\x7e]|["'<>\\]/.test(audience))
    return {
      what: '"audience" has spaces, quotes or other characters in it that no identifier has',
      fix: 'Write the application ID URI alone.',
    }
  if (!identifier.test(audience))
    return { what: '"audience" is neither a URI nor a GUID', fix: 'Copy it from the service’s Authentication page in the portal.' }
  if (/\/\.default$/.test(audience))
    return { what: '"audience" is a scope', fix: 'Write it without "/.default"; the scope is derived from it.' }
  if (/\/$/.test(audience))
    return {
      what: '"audience" ends in a slash, which is a habit of the v1 endpoint: its scope would not be the one of this resource',
      fix: 'Write it without the slash at the end.',
    }
  return undefined
}

/** The scopes of a route that names none. */
export function deriveScopes(flow: Profile['flow'], kind: ServiceKind, audience: string, derived: DerivedService | undefined): string[] {
  return [scopeFor(flow, kind, audience, derived !== undefined && audience !== derived.audience)]
}

/** What is wrong with the scopes that somebody wrote, each with its index. */
export function complainOfScopes(
  scopes: readonly string[],
  flow: Profile['flow'],
  kind: ServiceKind,
  audience: string,
): { index: number; complaint: Complaint }[] {
  const found = scopes.flatMap((scope, index) => {
    const complaint = complainOfScope(scope, flow, kind, audience)
    return complaint ? [{ index, complaint }] : []
  })
  const mixed = scopes.findIndex(scope => scope.endsWith('/.default'))
  if (found.length === 0 && mixed !== -1 && scopes.length > 1)
    found.push({
      index: mixed,
      complaint: {
        what: '"/.default" stands beside other scopes, and Entra ID takes it only alone',
        fix: 'Keep "/.default" alone (all that the registration lists), or only the named scopes.',
      },
    })
  return found
}

const openIdScopes = ['openid', 'profile', 'email', 'offline_access']

function complainOfScope(scope: string, flow: Profile['flow'], kind: ServiceKind, audience: string): Complaint | undefined {
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))
    return {
      what: 'a scope has characters in it that no scope has (RFC 6749 section 3.3)',
      fix: 'Write one scope in each text of the list.',
    }
  const { resource, permission } = parseScope(scope)
  const example = scopeFor(flow, kind, audience, false)
  if (openIdScopes.includes(scope)) return { what: `"${scope}" is asked for anyway`, fix: 'Leave it out.' }
  if (permission === undefined)
    return {
      what: `"${scope}" is a resource, as the v1 endpoint took it, not a scope`,
      fix: `Write "${scope.replace(/\/+$/, '')}/.default", or leave "scopes" out.`,
    }
  if (resource === undefined)
    return { what: `"${scope}" names no resource: Entra ID would take it for a permission of Microsoft Graph`, fix: `Write "${example}".` }
  if (bare(resource) !== bare(audience))
    return {
      what: `"${scope}" is a scope of another resource than the audience ${audience}, and one token is for one resource`,
      fix: 'Name the same resource in "audience" and "scopes"; a second resource needs a route of its own.',
    }
  if (flow === 'client-credentials' && permission !== '.default')
    return {
      what: `"${scope}" cannot be asked for with client-credentials: an application gets what it was granted, by "/.default" alone`,
      fix: `Write "${applicationScope(audience)}", or leave "scopes" out.`,
    }
  return undefined
}

/** `api://` before an application ID changes nothing about which resource is meant. */
function bare(resource: string): string {
  return resource
    .replace(/\/+$/, '')
    .replace(/^api:\/\/(?=[0-9a-f]{8}-)/i, '')
    .toLowerCase()
}
