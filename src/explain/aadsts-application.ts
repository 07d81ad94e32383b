// Codes about the application and the tenant: whether they exist, and fit each other.
import { copyIds, inRegistration, type Meaning, meaning } from './meaning.ts'

export const applicationCodes: Readonly<Record<string, Meaning>> = {
  700016: meaning(
    'The tenant has no application with this client ID.',
    'The profile’s clientId is mistyped or is the object ID, or tenantId is that of another tenant.',
    copyIds,
  ),
  90002: meaning(
    'There is no such tenant.',
    'The profile’s tenantId is mistyped, or the tenant is in another cloud.',
    `${copyIds} For another cloud set "authorityHost".`,
  ),
  900023: meaning(
    'The tenant is neither an ID nor a domain name.',
    'The profile’s tenantId is malformed, such as an unfilled variable.',
    copyIds,
  ),
  50059: meaning('Nothing in the request says which tenant is meant.', 'The profile’s tenantId is none of a real tenant.', copyIds),
  50194: meaning(
    'The registration is for one tenant only.',
    'The profile’s tenantId is "common" or "organizations".',
    `Set "tenantId" to "Directory (tenant) ID" from ${inRegistration('Overview')}.`,
  ),
  9001023: meaning(
    'This grant needs a tenant of its own.',
    'The profile’s tenantId is "common" or "consumers".',
    `Set "tenantId" to "Directory (tenant) ID" from ${inRegistration('Overview')}.`,
  ),
  90023: meaning(
    'A value in the request is not supported.',
    'Something in between changed the request.',
    'Look at the proxy between hallpass and Entra ID, then sign in again: `hallpass login`.',
  ),
  900432: meaning(
    'A confidential client may not be used across clouds.',
    'The registration is in another cloud than the authority that the profile asks.',
    'Set "authorityHost" to the cloud of the registration: login.microsoftonline.com, login.microsoftonline.us, or login.partner.microsoftonline.cn.',
  ),
  900382: meaning(
    'A confidential client may not be used across clouds.',
    'The registration is in another cloud than the authority that the profile asks.',
    'Set "authorityHost" to the cloud of the registration: login.microsoftonline.com, login.microsoftonline.us, or login.partner.microsoftonline.cn.',
  ),
  650056: meaning(
    'The registration is misconfigured.',
    'It lists no permission for what is asked, or nobody has consented in the tenant.',
    `Under ${inRegistration('API permissions')} add the permission of the service and grant admin consent (\`az ad app permission admin-consent --id CLIENT-ID\`).`,
  ),
  50105: meaning(
    'The user is not assigned to the application.',
    'The application demands assignment, and this account has none.',
    'Under Enterprise applications > your application > Users and groups assign the user, or set "Assignment required" to No under Properties.',
  ),
}
