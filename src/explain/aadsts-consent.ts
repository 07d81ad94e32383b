// Codes about consent: of the person, or of an administrator.
import { inRegistration, login, type Meaning, meaning } from './meaning.ts'

const grantConsent = `Ask an administrator to press "Grant admin consent" under ${inRegistration('API permissions')} (\`az ad app permission admin-consent --id CLIENT-ID\`).`

export const consentCodes: Readonly<Record<string, Meaning>> = {
  65001: meaning('Nobody has consented to this permission.', 'It is new in the registration, or the consent was withdrawn.', here =>
    here.flow === 'client-credentials' ? grantConsent : `Sign in and accept: \`${login(here)}\`; or ask an administrator to grant it.`,
  ),
  65004: meaning(
    'Consent was declined.',
    'Somebody pressed Cancel on the page that asks for permissions.',
    here => `Sign in again and accept: \`${login(here)}\`.`,
  ),
  90094: meaning('Only an administrator may consent to this.', 'The tenant does not let users consent to applications.', grantConsent),
  90095: meaning(
    'An administrator has to approve the request first.',
    'The tenant has an approval workflow for consent.',
    'Fill in the reason on the page that Entra ID shows, and sign in again once it is approved.',
  ),
}
