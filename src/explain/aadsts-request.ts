// Codes about the form of a request, and about Entra ID itself.
import { type Meaning, meaning, signInAgain } from './meaning.ts'

const defect = 'Send the request again; if it stays, report it as a defect of hallpass with the code.'
const garbled = 'Something between hallpass and Entra ID changed the request, or hallpass has a defect.'

export const requestCodes: Readonly<Record<string, Meaning>> = {
  90014: meaning('A required field is missing.', garbled, defect),
  900144: meaning('A required parameter is missing.', garbled, defect),
  9002313: meaning('The request is malformed.', garbled, defect),
  9000411: meaning('A parameter came twice.', garbled, defect),
  900561: meaning(
    'The endpoint takes another method.',
    'The token endpoint was opened in a browser.',
    'Use `hallpass token` to see a token; the endpoint itself is for programs.',
  ),
  700054: meaning(
    'The response type is not enabled.',
    'Another program asked for an implicit sign-in with this client ID; hallpass never does.',
    signInAgain,
  ),
  70005: meaning(
    'The response type is not supported.',
    'Another program asked for an implicit sign-in with this client ID; hallpass never does.',
    signInAgain,
  ),
  70007: meaning(
    'The response mode is not supported.',
    'Something in between changed the link.',
    'Set `"responseMode": "query"` in the profile and sign in again.',
  ),
  70003: meaning(
    'The grant type is not supported.',
    'The registration, or the cloud, does not know this flow.',
    'Set "flow" in the profile to authorization-code, device-code or client-credentials, as the registration allows.',
  ),
  90033: meaning(
    'Entra ID has trouble of its own.',
    'It passes.',
    'Send the request again in a minute; https://status.azure.com tells of longer trouble.',
  ),
  90055: meaning(
    'The tenant sends too many requests.',
    'All programs of the tenant count together.',
    'Send the request again in a minute; hallpass waits as long as Entra ID asks.',
  ),
}
