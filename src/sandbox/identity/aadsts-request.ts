// Error codes about the request itself: tenant, parameters, redirect URI, scopes and resources.
import type { AadstsEntry } from './aadsts.ts'

const invalidRequest = { error: 'invalid_request', status: 400 } as const
const invalidScope = { error: 'invalid_scope', status: 400 } as const
const invalidResource = { error: 'invalid_resource', status: 400 } as const

export const requestCodes = {
  28000: {
    ...invalidScope,
    text: 'Provided value for the input parameter scope is not valid because it contains more than one resource. Scope {0} is not valid.',
  },
  50011: {
    ...invalidRequest,
    text: "The redirect URI '{0}' specified in the request does not match the redirect URIs configured for the application '{1}'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal.",
  },
  50059: {
    ...invalidRequest,
    text: 'No tenant-identifying information found in either the request or implied by any provided credentials.',
  },
  50194: {
    ...invalidRequest,
    text: "Application '{0}'({1}) is not configured as a multi-tenant application. Usage of the /{2} endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure the application to be multi-tenant.",
  },
  70005: { error: 'unsupported_response_type', status: 400, text: "The app returned an unsupported response type '{0}'." },
  70007: { ...invalidRequest, text: "'{0}' is not a supported value of the 'response_mode' parameter when requesting a token." },
  70011: {
    ...invalidScope,
    text: "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope '{0}' is not valid: {1}.",
  },
  90002: {
    ...invalidRequest,
    text: "Tenant '{0}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
  },
  90014: {
    ...invalidRequest,
    text: "The required field '{0}' is missing from the credential. Ensure that you have all the necessary parameters for the login request.",
  },
  90023: { ...invalidRequest, text: "Unsupported '{0}' value." },
  90102: { ...invalidRequest, text: "'redirect_uri' value must be a valid absolute URI." },
  500011: {
    ...invalidResource,
    text: 'The resource principal named {0} was not found in the tenant named {1}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.',
  },
  500113: { ...invalidRequest, text: 'No reply address is registered for the application.' },
  501491: { ...invalidRequest, text: 'Invalid size of Code_Challenge parameter.' },
  650053: {
    error: 'invalid_client',
    status: 400,
    text: "The application '{0}' asked for scope '{1}' that doesn't exist on the resource '{2}'. Contact the app vendor.",
  },
  650057: {
    ...invalidResource,
    text: "Invalid resource. The client has requested access to a resource which is not listed in the requested permissions in the client's application registration. Client app ID: {0}({1}). Resource value from request: {2}. Resource app ID: {3}. List of valid resources from app registration: {4}.",
  },
  700054: { error: 'unsupported_response_type', status: 400, text: "response_type '{0}' is not enabled for the application." },
  900023: { ...invalidRequest, text: "Specified tenant identifier '{0}' is neither a valid DNS name, nor a valid external domain." },
  900144: { ...invalidRequest, text: "The request body must contain the following parameter: '{0}'." },
  900561: { ...invalidRequest, text: 'The endpoint only accepts {0} requests. Received a {1} request.' },
  900971: { ...invalidRequest, text: 'No reply address provided.' },
  901002: { ...invalidRequest, text: "The 'resource' request parameter is not supported." },
  1002012: {
    ...invalidScope,
    text: 'The provided value for scope {0} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).',
  },
  9000411: { ...invalidRequest, text: "The request is not properly formatted. The parameter '{0}' is duplicated." },
  9001023: {
    ...invalidRequest,
    text: 'The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.',
  },
  9002313: { ...invalidRequest, text: 'Invalid request. Request is malformed or invalid. {0}' },
  9002325: { ...invalidRequest, text: 'Proof Key for Code Exchange is required for cross-origin authorization code redemption.' },
  9010010: {
    error: 'invalid_target',
    status: 400,
    text: "The resource parameter provided in the request doesn't match with the requested scopes.",
  },
} as const satisfies Record<number, AadstsEntry>
