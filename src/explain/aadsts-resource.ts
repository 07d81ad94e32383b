// Codes about what a token is asked for: resources, scopes, permissions.
import { inRegistration, type Meaning, meaning } from './meaning.ts'

const permissions = inRegistration('API permissions')
const addDicom = `Under ${permissions} add "Azure API for DICOM" > Dicom.ReadWrite (or the FHIR service’s user_impersonation), then sign in again.`
const oneResource = 'Let each route’s "scopes" name its own audience only: FHIR and DICOM get tokens of their own.'
const noResource = 'Take `resource` out of the request: with scopes the audience is named already.'

export const resourceCodes: Readonly<Record<string, Meaning>> = {
  500011: meaning(
    'The tenant does not know this resource.',
    'The audience is mistyped, the service is in another tenant, or, for DICOM, none was ever deployed in this one.',
    'Correct "audience" in the route (DICOM: https://dicom.healthcareapis.azure.com); when it is right, `az ad sp create --id 75e725bf-66ce-4cea-9b9a-5c4caae57f33` makes DICOM known.',
  ),
  650052: meaning(
    'The organization has no service principal for a resource that was asked for.',
    'Nobody in this tenant has used the service yet.',
    '`az ad sp create --id 75e725bf-66ce-4cea-9b9a-5c4caae57f33` (DICOM) or `--id 4f6778d8-5aef-43dc-a1ff-b073724b9495` (FHIR) makes it known.',
  ),
  650053: meaning(
    'The resource has no such permission.',
    'The route’s "scopes" names a permission that the audience does not have; one without a resource is looked for at Microsoft Graph.',
    'Correct "scopes" in the route: FHIR AUDIENCE/user_impersonation, DICOM AUDIENCE/Dicom.ReadWrite, your own resource AUDIENCE/.default.',
  ),
  650057: meaning('The registration does not list this resource.', 'Its API permissions lack the service that the route is for.', addDicom),
  65005: meaning(
    'The registration does not list what is asked for.',
    'Its API permissions lack the service that the route is for.',
    addDicom,
  ),
  70011: meaning(
    'The scope is not valid.',
    'The route’s "scopes" is malformed, names several resources, or a resource without permission.',
    'Write "scopes" as AUDIENCE/PERMISSION or AUDIENCE/.default, or leave it out: it is derived from the service.',
  ),
  700022: meaning('Scopes of more than one resource were asked for.', 'A token is for one resource.', oneResource),
  28000: meaning('Scopes of more than one resource were asked for.', 'A token is for one resource.', oneResource),
  1002012: meaning(
    'An application may only ask for /.default.',
    'The profile’s flow is client-credentials, and "scopes" names single permissions.',
    'Write `"scopes": ["AUDIENCE/.default"]` into the route, or leave it out.',
  ),
  901002: meaning(
    'The parameter `resource` is of the version 1.0 endpoint.',
    'A script of the old kind (oauth2/token) was pointed at the new endpoint.',
    noResource,
  ),
  9010010: meaning('`resource` and `scope` name different resources.', 'A client sent both, and they disagree.', noResource),
}
