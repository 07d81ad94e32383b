// What the codes of Entra ID mean here and what to do (Microsoft Entra authentication and authorization error codes).
// They explain; nothing is decided by them: Microsoft keeps the right to change them.

export type Explanation = { cause: string; remedy: string }

const copyIds =
  'Copy "Application (client) ID" and "Directory (tenant) ID" from the registration’s Overview page; an object ID is something else.'
const toDesktop = 'Move the redirect URI to "Mobile and desktop applications" under Authentication.'

const explanations: Readonly<Record<string, Explanation>> = {
  50011: {
    cause: 'The redirect URI that was sent is not registered.',
    remedy:
      'In the registration open Authentication and add it under "Mobile and desktop applications" exactly as configured: host, path, case and trailing slash count; the port of localhost does not.',
  },
  500113: {
    cause: 'The registration has no redirect URI.',
    remedy: 'Add http://localhost/-/callback under Authentication > Mobile and desktop applications.',
  },
  700016: { cause: 'The tenant has no application with this client ID.', remedy: copyIds },
  90002: { cause: 'There is no tenant of this name.', remedy: `${copyIds} Check that the cloud is the right one.` },
  900023: { cause: 'The tenant is neither an ID nor a domain name.', remedy: copyIds },
  50194: { cause: 'The registration is for one tenant only.', remedy: 'Set "tenantId" to the ID of that tenant.' },
  7000218: {
    cause: 'Entra ID takes the application for a confidential client.',
    remedy: `${toDesktop} For the device code flow, enable "Allow public client flows" there.`,
  },
  9002327: { cause: 'The redirect URI is registered for single-page applications.', remedy: toDesktop },
  65001: {
    cause: 'Nobody has consented to this permission.',
    remedy: 'Sign in again and consent, or ask an administrator to grant the permission.',
  },
  65004: { cause: 'Consent was declined.', remedy: 'Sign in again and accept, or ask an administrator.' },
  650053: { cause: 'The resource has no such permission.', remedy: 'Correct "scopes" in the configuration.' },
  650057: {
    cause: 'The registration does not list this resource.',
    remedy: 'Add it under API permissions (Azure API for DICOM: Dicom.ReadWrite).',
  },
  500011: {
    cause: 'The tenant does not know this resource.',
    remedy:
      'Check "audience". For DICOM the tenant needs a deployed service, or `az ad sp create --id 75e725bf-66ce-4cea-9b9a-5c4caae57f33`.',
  },
  50105: {
    cause: 'The user is not assigned to the application.',
    remedy: 'Assign the user under Enterprise applications, or switch the requirement off.',
  },
  53003: {
    cause: 'A Conditional Access policy blocks this sign-in.',
    remedy: 'Ask the administrator which policy; a managed device often satisfies it.',
  },
  50020: { cause: 'The account belongs to another directory.', remedy: 'Choose an account of this tenant, or have it invited as a guest.' },
  54005: { cause: 'The authorization code was used before.', remedy: 'Start the sign-in again: `hallpass login`.' },
}

/** The explanation of `AADSTS50011` or `50011`; a pointer to Microsoft's page for a code that is not in the catalogue. */
export function explainAadsts(code: string): Explanation {
  const number = code.replace(/^AADSTS/i, '')
  const remedy = `Look the code up at https://login.microsoftonline.com/error?code=${number}, then run \`hallpass login\`.`
  return explanations[number] ?? { cause: '', remedy }
}
