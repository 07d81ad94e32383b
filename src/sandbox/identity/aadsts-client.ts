// Error codes about the application: whether it exists, what it is registered as, and how it proves who it is.
import type { AadstsEntry } from './aadsts.ts'

const invalidClient = { error: 'invalid_client', status: 401 } as const
const invalidRequest = { error: 'invalid_request', status: 400 } as const

export const clientCodes = {
  50027: { ...invalidClient, text: 'JWT token is invalid or malformed.' },
  70002: { ...invalidClient, text: 'Error validating credentials. The Authorization header is malformed.' },
  700016: {
    error: 'unauthorized_client',
    status: 400,
    text: "Application with identifier '{0}' was not found in the directory '{1}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
  },
  700021: {
    ...invalidClient,
    text: "Client assertion application identifier doesn't match 'client_id' parameter. Review the documentation at https://aka.ms/identity/client-assertions .",
  },
  700023: { ...invalidClient, text: 'Client assertion audience claim does not match Realm issuer.' },
  700024: {
    ...invalidClient,
    text: 'Client assertion is not within its valid time range. Current time: {0}, assertion valid from {1}, expiry time of assertion {2}.',
  },
  700025: {
    ...invalidClient,
    text: "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
  },
  700027: { ...invalidClient, text: 'Client assertion failed signature validation. {0}' },
  7000215: {
    ...invalidClient,
    text: "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{0}'.",
  },
  7000216: {
    ...invalidClient,
    text: "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
  },
  7000218: { ...invalidClient, text: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'." },
  7000222: {
    ...invalidClient,
    text: "The provided client secret keys for app '{0}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.",
  },
  9002326: {
    ...invalidRequest,
    text: "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type. Request origin: '{0}'.",
  },
  9002327: {
    ...invalidRequest,
    text: "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.",
  },
} as const satisfies Record<number, AadstsEntry>
