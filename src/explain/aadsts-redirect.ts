// Codes about the redirect URI, and the platform under which it is registered.
import { inRegistration, login, type Meaning, meaning, platform, registered } from './meaning.ts'

const authentication = inRegistration('Authentication')

export const redirectCodes: Readonly<Record<string, Meaning>> = {
  50011: meaning(
    'The redirect URI that was sent is not registered.',
    'The profile’s redirectUri differs from the registered one in host (localhost or 127.0.0.1), path, case or trailing slash; the port of localhost does not count.',
    here => `Under ${authentication} add ${registered(here)} to the platform "${platform(here)}", exactly so.`,
  ),
  500112: meaning(
    'The code was redeemed with another redirect URI than it was asked with.',
    'The redirect URI, or the port, changed while somebody signed in.',
    here => `Start the sign-in again: \`${login(here)}\`.`,
  ),
  500113: meaning(
    'The registration has no redirect URI.',
    'It was made without one.',
    here => `Under ${authentication} add the platform "${platform(here)}" with ${registered(here)}.`,
  ),
  900971: meaning(
    'The request named no redirect URI.',
    'Something between hallpass and Entra ID took it out of the link.',
    here => `Open the link whole, as it was printed: \`${login(here)}\`.`,
  ),
  90102: meaning(
    'The redirect URI is no absolute URI.',
    'The profile’s redirectUri has characters that no URI has.',
    'Write `"redirectUri": "http://localhost/-/callback"` into the profile, and register the same.',
  ),
  7000218: meaning(
    'Entra ID takes the application for a confidential client and misses its credential.',
    ({ flow }) =>
      flow === 'device-code'
        ? 'Public client flows are not allowed in the registration, and the device code flow is one.'
        : 'The redirect URI is registered under "Web", where an application must prove itself.',
    ({ flow }) =>
      flow === 'device-code'
        ? `Under ${authentication} set "Allow public client flows" to Yes (\`az ad app update --id CLIENT-ID --is-fallback-public-client true\`).`
        : `Under ${authentication} move the redirect URI to "Mobile and desktop applications", or give the profile "credential": "secret". For the device code flow set "Allow public client flows" to Yes there.`,
  ),
  700025: meaning(
    'The client is public, and a credential was sent.',
    'The redirect URI is registered under "Mobile and desktop applications", and the profile has a credential.',
    `Set "credential": "none" in the profile, or move the redirect URI to "Web" under ${authentication}.`,
  ),
  9002326: meaning(
    'A web page’s request reached the token endpoint.',
    'Something in between added an Origin field; hallpass sends none.',
    'Look at what the proxy between hallpass and Entra ID adds: an Origin field must not be sent to login.microsoftonline.com.',
  ),
  9002327: meaning(
    'The redirect URI is registered for single-page applications.',
    'Its codes may only be redeemed by a page in a browser; hallpass is none.',
    here => `Under ${authentication} move ${registered(here)} from "Single-page application" to "${platform(here)}".`,
  ),
  9002325: meaning(
    'PKCE is required here.',
    'The redirect URI is registered for single-page applications, or the answer of another program’s sign-in came in.',
    here => `Under ${authentication} move ${registered(here)} to "${platform(here)}".`,
  ),
  700084: meaning(
    'The refresh token belongs to a single-page application and has ended after 24 hours.',
    'The redirect URI is registered under "Single-page application", whose sign-ins last a day.',
    here => `Under ${authentication} move ${registered(here)} to "${platform(here)}", then \`${login(here)}\`.`,
  ),
}
