// The CapabilityStatement: what this service can, said from what it really serves.
import type { CapabilityStatement, CapabilityStatementRestResource, CapabilityStatementRestResourceInteraction } from '@medplum/fhirtypes'
import { getSearchParameters } from './medplum.ts'

type Interaction = CapabilityStatementRestResourceInteraction['code']

const interactions: Interaction[] = [
  ...(['read', 'vread', 'history-instance', 'history-type', 'search-type', 'create', 'update', 'patch', 'delete'] as const),
]

/** Where the service is, who grants its tokens (the URL with the tenant), and since when it runs (ISO 8601). */
export type Place = { base: string; authority: string; date: string }

/** @see FHIR R4, CapabilityStatement; the authorization server's endpoints are listed as SMART on FHIR does it. */
export function capabilityStatement(types: Iterable<string>, { base, authority, date }: Place): CapabilityStatement {
  return {
    resourceType: 'CapabilityStatement',
    ...{ url: `${base}/metadata`, name: 'HallpassSandbox', title: 'The hallpass sandbox: synthetic records, nothing is kept' },
    ...{ status: 'active', experimental: true, date, publisher: 'hallpass', kind: 'instance', fhirVersion: '4.0.1' },
    ...{ software: { name: 'hallpass sandbox' }, implementation: { description: 'hallpass sandbox', url: base } },
    ...{ format: ['application/fhir+json', 'json'], patchFormat: ['application/fhir+json', 'application/json-patch+json'] },
    rest: [
      {
        ...{ mode: 'server', security: security(authority), resource: [...types].map(restResource) },
        interaction: [{ code: 'batch' }, { code: 'transaction' }, { code: 'history-system' }, { code: 'search-system' }],
        operation: [operation('export', 'http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export'), validation],
        compartment: ['http://hl7.org/fhir/CompartmentDefinition/patient'],
      },
    ],
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

const operation = (name: string, definition: string) => ({ name, definition })
const validation = operation('validate', 'http://hl7.org/fhir/OperationDefinition/Resource-validate')

/** Besides validation, the operations that some types have. */
const operationsOf: Record<string, ReturnType<typeof operation>[]> = {
  Patient: [
    operation('everything', 'http://hl7.org/fhir/OperationDefinition/Patient-everything'),
    operation('export', 'http://hl7.org/fhir/uv/bulkdata/OperationDefinition/patient-export'),
  ],
  Group: [operation('export', 'http://hl7.org/fhir/uv/bulkdata/OperationDefinition/group-export')],
}

function restResource(type: string): CapabilityStatementRestResource {
  const parameters = Object.values(getSearchParameters(type) ?? {})
  return {
    type: type as CapabilityStatementRestResource['type'],
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    interaction: interactions.map(code => ({ code })),
    ...{ versioning: 'versioned', readHistory: true, updateCreate: true, conditionalCreate: true, conditionalUpdate: true },
    ...{ conditionalDelete: 'multiple', referencePolicy: ['literal', 'local'] },
    searchParam: parameters.map(({ code, type, url }) => ({ name: code, type, ...(url && { definition: url }) })),
    searchInclude: parameters.filter(({ type }) => type === 'reference').map(({ code }) => `${type}:${code}`),
    operation: [validation, ...(operationsOf[type] ?? [])],
  }
}
