// Codes of a tenant's policies: multi-factor authentication, Conditional Access, security defaults.
import { login, type Meaning, meaning, type Said, signInAgain } from './meaning.ts'

/** Where the flow is not known, both are told. */
const mayBlockDevice =
  (why: string): Said =>
  ({ flow }) => {
    if (flow === 'device-code') return `${why} Many tenants block the device code flow on purpose: it is what phishers use.`
    return flow === undefined ? `${why} Many tenants also block the device code flow.` : why
  }

/** What helps when a policy looks at the device: a browser that carries its identity, which a code typed in elsewhere does not. */
const byManagedBrowser: Said = here =>
  here.flow === 'device-code'
    ? `Set "flow": "authorization-code" in the profile and sign in with the browser of a managed device: \`${login(here)}\`.`
    : 'Sign in with a browser that is signed in to the managed device (Edge, or "browser": "edge" in the profile), or ask the administrator which policy it is: Entra ID > Sign-in logs names it.'

const device = (summary: string): Meaning =>
  meaning(summary, mayBlockDevice('A Conditional Access policy looks at the device that one signs in with.'), byManagedBrowser)

export const policyCodes: Readonly<Record<string, Meaning>> = {
  50076: meaning('Multi-factor authentication is needed.', 'A policy asks for it here, or this network is new.', signInAgain),
  50078: meaning('The multi-factor authentication has expired.', 'A policy asks for it anew after some time.', signInAgain),
  50079: meaning('The account has to enrol in multi-factor authentication.', 'An administrator has switched it on.', signInAgain),
  50072: meaning('The account has to enrol in multi-factor authentication.', 'An administrator has switched it on.', signInAgain),
  53000: device('The device is not compliant.'),
  53001: device('The device is not joined to the domain.'),
  53002: device('The application is not an approved one.'),
  530003: device('The device has to be managed.'),
  53003: meaning(
    'A Conditional Access policy blocks this sign-in.',
    mayBlockDevice('It may look at the device, the network, the application, or the flow.'),
    byManagedBrowser,
  ),
  530032: meaning(
    'A security policy of the tenant blocks this sign-in.',
    mayBlockDevice('It may look at the device, the network, or the flow.'),
    byManagedBrowser,
  ),
  530035: meaning('Security defaults block this sign-in.', mayBlockDevice('It was taken for an unsafe request.'), byManagedBrowser),
  70043: meaning('The sign-in has become too old.', 'A sign-in frequency policy ends it after some hours.', signInAgain),
  70044: meaning('The session has become too old.', 'A sign-in frequency policy ends it after some hours.', signInAgain),
}
