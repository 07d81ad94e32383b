// The CapabilityStatement: what this service can, said from what it really serves.
import type { CapabilityStatement, CapabilityStatementRestResource, CapabilityStatementRestResourceInteraction } from '@medplum/fhirtypes'
import { getSearchParameters } from './medplum.ts'

type Interaction = CapabilityStatementRestResourceInteraction['code']

const interactions: Interaction[] = ['read', 'vread', 'history-instance', 'search-type', 'create', 'update', 'patch', 'delete']

/**
 * @param base - Origin of the service.
 * @param authority - The authorization server's URL with the tenant: its two OAuth 2.0 endpoints are listed as SMART on FHIR does it.
 * @param date - When the service was started, ISO 8601.
 */
export function capabilityStatement(types: Iterable<string>, base: string, authority: string, date: string): CapabilityStatement {
  return {
    resourceType: 'CapabilityStatement',
    ...{ url: `${base}/metadata`, name: 'HallpassSandbox', title: 'The hallpass sandbox: synthetic records, nothing is kept' },
    ...{ status: 'active', experimental: true, date, publisher: 'hallpass', kind: 'instance', fhirVersion: '4.0.1' },
    ...{ software: { name: 'hallpass sandbox' }, implementation: { description: 'hallpass sandbox', url: base } },
    ...{ format: ['application/fhir+json', 'json'], patchFormat: ['application/fhir+json', 'application/json-patch+json'] },
    rest: [{ mode: 'server', security: security(authority), resource: [...types].map(restResource) }],
  }
}

function security(authority: string) {
  const endpoint = (name: string) => ({ url: name, valueUri: `${authority}/oauth2/v2.0/${name}` })
  const smart = 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris'
  return {
    extension: [{ url: smart, extension: [endpoint('authorize'), endpoint('token')] }],
    cors: false,
    service: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'OAuth' }] }],
  }
}

function restResource(type: string): CapabilityStatementRestResource {
  const parameters = Object.values(getSearchParameters(type) ?? {})
  return {
    type: type as CapabilityStatementRestResource['type'],
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    interaction: interactions.map(code => ({ code })),
    ...{ versioning: 'versioned', readHistory: true, updateCreate: true, conditionalCreate: true, conditionalUpdate: true },
    ...{ conditionalDelete: 'single', referencePolicy: ['literal', 'local'] },
    searchParam: parameters.map(({ code, type, url }) => ({ name: code, type, ...(url && { definition: url }) })),
    searchInclude: parameters.filter(({ type }) => type === 'reference').map(({ code }) => `${type}:${code}`),
  }
}
