// The sandbox's tenant: its ids, the application that signs people in, and the resources that tokens can be for.
import { type Directory, graph } from './identity/directory.ts'
import { people } from './people.ts'

export const tenantId = '5a4db0c5-0000-4000-8000-00000000ad00'
export const clientId = '5a4db0c5-0000-4000-8000-00000000c11e'

/** A FHIR service's audience is its own URL, without a trailing slash. */
export const fhirAudience = 'https://sandbox-fhir.fhir.azurehealthcareapis.com'
/** One audience for all DICOM services. */
export const dicomAudience = 'https://dicom.healthcareapis.azure.com'

/** What hallpass registers by default, and the bare loopback URI of other native clients (RFC 8252 section 7.3). */
const defaultRedirectUris = ['http://localhost/-/callback', 'http://localhost']

/** The directory with more redirect URIs for its public client. Resources have the application ids that they have at Azure. */
export function createDirectory(redirectUris: readonly string[]): Directory {
  return {
    tenantId,
    domain: 'sandbox.example',
    people,
    applications: [{ appId: clientId, displayName: 'hallpass', redirectUris: { publicClient: [...defaultRedirectUris, ...redirectUris] } }],
    resources: [
      {
        appId: '4f6778d8-5aef-43dc-a1ff-b073724b9495',
        displayName: 'Azure Healthcare APIs',
        identifiers: [fhirAudience, 'https://azurehealthcareapis.com', 'https://fhir.azurehealthcareapis.com'],
        delegatedScopes: ['user_impersonation'],
      },
      {
        appId: '75e725bf-66ce-4cea-9b9a-5c4caae57f33',
        displayName: 'Azure API for DICOM',
        identifiers: [dicomAudience, `${dicomAudience}/`],
        delegatedScopes: ['Dicom.ReadWrite'],
      },
      { appId: graph, displayName: 'Microsoft Graph', identifiers: [], delegatedScopes: ['openid', 'profile', 'email', 'User.Read'] },
    ],
  }
}
