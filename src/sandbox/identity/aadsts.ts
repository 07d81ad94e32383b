// The error codes that the sandbox's identity provider knows: OAuth error, HTTP status, text
// (Microsoft Entra authentication and authorization error codes; texts as clients have recorded them).

export type AadstsEntry = {
  /** `error` of RFC 6749 or OpenID Connect Core. */
  error: string
  /** At the token endpoint; the authorization endpoint's page is always 400. */
  status: 400 | 401
  /** {0}, {1}, … stand for what the request had. */
  text: string
  suberror?: string
}

const invalidRequest = { error: 'invalid_request', status: 400 } as const
const invalidGrant = { error: 'invalid_grant', status: 400 } as const

export const aadsts = {
  50011: {
    ...invalidRequest,
    text: "The redirect URI '{0}' specified in the request does not match the redirect URIs configured for the application '{1}'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal.",
  },
  50034: {
    ...invalidGrant,
    text: 'The user account {0} does not exist in the {1} directory. To sign into this application, the account must be added to the directory.',
  },
  50058: { error: 'login_required', status: 400, text: 'A silent sign-in request was sent but no user is signed in.' },
  50089: { ...invalidGrant, text: 'Flow token expired - Authentication failed. User needs to try to sign in again.' },
  50194: {
    ...invalidRequest,
    text: "Application '{0}'({1}) is not configured as a multi-tenant application. Usage of the /{2} endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure the application to be multi-tenant.",
  },
  54005: {
    ...invalidGrant,
    text: 'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
  },
  65004: { error: 'access_denied', status: 400, text: 'User declined to consent to access the app.', suberror: 'cancel' },
  70000: { ...invalidGrant, text: 'Provided grant is invalid or malformed.' },
  70003: { error: 'unsupported_grant_type', status: 400, text: "The app requested an unsupported grant type '{0}'." },
  70007: { ...invalidRequest, text: "'{0}' is not a supported value of the 'response_mode' parameter when requesting a token." },
  70008: {
    ...invalidGrant,
    text: 'The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.',
  },
  70011: {
    error: 'invalid_scope',
    status: 400,
    text: "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope '{0}' is not valid: {1}.",
  },
  90002: {
    ...invalidRequest,
    text: "Tenant '{0}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
  },
  90023: { ...invalidRequest, text: "Unsupported '{0}' value." },
  90102: { ...invalidRequest, text: "'redirect_uri' value must be a valid absolute URI." },
  500011: {
    error: 'invalid_resource',
    status: 400,
    text: 'The resource principal named {0} was not found in the tenant named {1}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.',
  },
  500112: {
    error: 'invalid_client',
    status: 400,
    text: "The reply address '{0}' does not match the reply address '{1}' provided when requesting Authorization code.",
  },
  501481: { ...invalidGrant, text: 'The Code_Verifier does not match the code_challenge supplied in the authorization request.' },
  501491: { ...invalidRequest, text: 'Invalid size of Code_Challenge parameter.' },
  650053: {
    error: 'invalid_client',
    status: 400,
    text: "The application '{0}' asked for scope '{1}' that doesn't exist on the resource '{2}'. Contact the app vendor.",
  },
  700016: {
    error: 'unauthorized_client',
    status: 400,
    text: "Application with identifier '{0}' was not found in the directory '{1}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
  },
  700025: {
    error: 'invalid_client',
    status: 401,
    text: "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
  },
  700054: { error: 'unsupported_response_type', status: 400, text: "response_type '{0}' is not enabled for the application." },
  700082: {
    ...invalidGrant,
    text: 'The refresh token has expired due to inactivity. The token was issued on {0} and was inactive for {1}.',
    suberror: 'bad_token',
  },
  900023: { ...invalidRequest, text: "Specified tenant identifier '{0}' is neither a valid DNS name, nor a valid external domain." },
  900144: { ...invalidRequest, text: "The request body must contain the following parameter: '{0}'." },
  900561: { ...invalidRequest, text: 'The endpoint only accepts {0} requests. Received a {1} request.' },
  900971: { ...invalidRequest, text: 'No reply address provided.' },
  901002: { ...invalidRequest, text: "The 'resource' request parameter is not supported." },
  9000411: { ...invalidRequest, text: "The request is not properly formatted. The parameter '{0}' is duplicated." },
  9002313: { ...invalidRequest, text: 'Invalid request. Request is malformed or invalid. {0}' },
  9002326: {
    ...invalidRequest,
    text: "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type. Request origin: '{0}'.",
  },
} as const satisfies Record<number, AadstsEntry>

export type AadstsCode = keyof typeof aadsts
