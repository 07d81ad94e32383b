// Error codes about a grant and the person behind it: codes, refresh tokens, device codes, accounts, consent.
import type { AadstsEntry } from './aadsts.ts'

const invalidGrant = { error: 'invalid_grant', status: 400 } as const

export const grantCodes = {
  50020: {
    ...invalidGrant,
    text: "User account '{0}' from identity provider '{1}' does not exist in tenant '{2}' and cannot access the application '{3}'({4}) in that tenant. The account needs to be added as an external user in the tenant first. Sign out and sign in again with a different Azure Active Directory user account.",
  },
  50034: {
    ...invalidGrant,
    text: 'The user account {0} does not exist in the {1} directory. To sign into this application, the account must be added to the directory.',
  },
  50057: { ...invalidGrant, text: 'The user account is disabled.' },
  50058: { error: 'login_required', status: 400, text: 'A silent sign-in request was sent but no user is signed in.' },
  50089: { ...invalidGrant, text: 'Flow token expired - Authentication failed. User needs to try to sign in again.' },
  50105: {
    ...invalidGrant,
    text: "Your administrator has configured the application {0} ('{1}') to block users unless they are specifically granted ('assigned') access to the application. The signed in user '{2}' is blocked because they are not a direct member of a group with access, nor had access directly assigned by an administrator. Please contact your administrator to assign access to this application.",
  },
  50147: { ...invalidGrant, text: 'Missing Code_Challenge parameter in the authorization request.' },
  51004: {
    ...invalidGrant,
    text: 'The user account {0} does not exist in the {1} directory. To sign into this application, the account must be added to the directory.',
  },
  54005: {
    ...invalidGrant,
    text: 'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
  },
  65001: {
    ...invalidGrant,
    text: "The user or administrator has not consented to use the application with ID '{0}' named '{1}'. Send an interactive authorization request for this user and resource.",
    suberror: 'consent_required',
  },
  65004: { error: 'access_denied', status: 400, text: 'User declined to consent to access the app.', suberror: 'cancel' },
  70000: { ...invalidGrant, text: 'Provided grant is invalid or malformed.' },
  70003: { error: 'unsupported_grant_type', status: 400, text: "The app requested an unsupported grant type '{0}'." },
  70008: {
    ...invalidGrant,
    text: 'The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.',
  },
  70016: {
    error: 'authorization_pending',
    status: 400,
    text: 'OAuth 2.0 device flow error. Authorization is pending. Continue polling.',
  },
  70018: { error: 'bad_verification_code', status: 400, text: 'Bad verification code received.' },
  70019: { error: 'expired_token', status: 400, text: 'Verification code expired. Have the user retry the sign-in.' },
  70020: {
    error: 'expired_token',
    status: 400,
    text: "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
  },
  90094: {
    error: 'access_denied',
    status: 400,
    text: "Admin consent is required for the permissions requested by this application. The application '{0}' needs permissions that only an administrator can grant.",
  },
  90095: {
    error: 'access_denied',
    status: 400,
    text: "Admin consent is required. In the admin consent workflow experience, an interstitial that appears when the user is told they need to ask the admin for consent to the application '{0}'.",
  },
  500112: {
    error: 'invalid_client',
    status: 400,
    text: "The reply address '{0}' does not match the reply address '{1}' provided when requesting Authorization code.",
  },
  501481: { ...invalidGrant, text: 'The Code_Verifier does not match the code_challenge supplied in the authorization request.' },
  700005: { ...invalidGrant, text: 'Provided Authorization Code is intended to use against other tenant, thus rejected.' },
  700082: {
    ...invalidGrant,
    text: 'The refresh token has expired due to inactivity. The token was issued on {0} and was inactive for {1}.',
    suberror: 'bad_token',
  },
  700084: {
    ...invalidGrant,
    text: 'The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime of {1}, which can not be extended. It is now expired and a new sign in request must be sent by the SPA to the sign in page. The token was issued on {0}.',
    suberror: 'bad_token',
  },
} as const satisfies Record<number, AadstsEntry>
