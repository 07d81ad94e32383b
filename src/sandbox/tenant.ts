// The sandbox's tenant: its ids, the applications that ask for tokens, and the resources that tokens can be for.
import { type Directory, graph, type Resource, type UserConsent } from './identity/directory.ts'
import { type ApplicationRegistration, type ResourceRegistration, registerApplication, registerResource } from './identity/registration.ts'
import { people } from './people.ts'

export const tenantId = '5a4db0c5-0000-4000-8000-00000000ad00'
/** The public client. */
export const clientId = '5a4db0c5-0000-4000-8000-00000000c11e'
/** The confidential client, whose secret each run makes anew. */
export const confidentialClientId = '5a4db0c5-0000-4000-8000-00000000c05e'

/** A FHIR service's audience is its own URL, without a trailing slash. */
export const fhirAudience = 'https://sandbox-fhir.fhir.azurehealthcareapis.com'
/** One audience for all DICOM services. */
export const dicomAudience = 'https://dicom.healthcareapis.azure.com'

/** What hallpass registers by default, and the bare loopback URI of other native clients (RFC 8252 section 7.3). */
const defaultRedirectUris = ['http://localhost/-/callback', 'http://localhost']

export type TenantOptions = {
  /** Redirect URIs of the public client, besides the default ones. */
  redirectUris: readonly string[]
  applications?: readonly ApplicationRegistration[]
  resources?: readonly ResourceRegistration[]
  userConsent?: UserConsent
  /** Milliseconds since the epoch: from then on generated secrets are good. */
  now: number
}

/** The directory. Resources and their permissions have the ids that they have at Azure. Throws when a registration cannot be. */
export function createDirectory({ redirectUris, applications = [], userConsent = 'allowed', ...rest }: TenantOptions): Directory {
  const resources = [...azureResources, ...(rest.resources ?? []).map(registerResource)]
  const wanted = [publicClient(redirectUris), confidentialClient, ...applications]
  return {
    tenantId,
    domain: 'sandbox.example',
    people,
    applications: wanted.map(application => registerApplication(application, resources, rest.now)),
    resources,
    userConsent,
  }
}

const publicClient = (redirectUris: readonly string[]): ApplicationRegistration => ({
  appId: clientId,
  displayName: 'hallpass',
  redirectUris: { publicClient: [...defaultRedirectUris, ...redirectUris] },
  publicClientFlows: true,
})

const confidentialClient: ApplicationRegistration = {
  appId: confidentialClientId,
  displayName: 'hallpass (confidential)',
  redirectUris: { web: defaultRedirectUris },
  secrets: [{}],
  dataRoles: ['FHIR Data Contributor', 'DICOM Data Owner'],
  permissions: [
    { resource: fhirAudience, scopes: ['user_impersonation'], roles: ['system.all.all'] },
    { resource: dicomAudience, scopes: ['Dicom.ReadWrite'] },
  ],
}

const azureResources: readonly Resource[] = [
  {
    appId: '4f6778d8-5aef-43dc-a1ff-b073724b9495',
    displayName: 'Azure Healthcare APIs',
    identifiers: [fhirAudience, 'https://azurehealthcareapis.com', 'https://fhir.azurehealthcareapis.com'],
    delegatedScopes: [{ id: 'db75143a-8f20-4238-9450-8b73ef4992f4', name: 'user_impersonation' }],
    appRoles: [
      { id: 'bea2566c-7172-42d0-a06a-0e2e2b58f084', name: 'system.all.all' },
      { id: 'a44c4c64-cdb5-48fc-adbd-070df4852b2c', name: 'system.all.read' },
    ],
  },
  {
    appId: '75e725bf-66ce-4cea-9b9a-5c4caae57f33',
    displayName: 'Azure API for DICOM',
    identifiers: [dicomAudience, `${dicomAudience}/`],
    delegatedScopes: [{ id: 'e69ab058-b8ae-4c0f-b687-5d97888ddccb', name: 'Dicom.ReadWrite' }],
    appRoles: [],
  },
  {
    appId: graph,
    displayName: 'Microsoft Graph',
    identifiers: ['https://graph.microsoft.com'],
    delegatedScopes: [
      { id: '37f7f235-527c-4136-accd-4a02d197296e', name: 'openid' },
      { id: '14dad69e-099b-42c9-810b-d002981feec1', name: 'profile' },
      { id: '64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0', name: 'email' },
      { id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d', name: 'User.Read' },
    ],
    appRoles: [],
  },
]
