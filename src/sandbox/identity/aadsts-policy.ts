// Error codes that a tenant's policies and the state of Entra ID itself cause; here the fault switches do.
import type { AadstsEntry } from './aadsts.ts'

const invalidGrant = { error: 'invalid_grant', status: 400 } as const
const stepUp = { ...invalidGrant, suberror: 'basic_action' } as const
const blocked = { ...invalidGrant, suberror: 'message_only' } as const
const busy = { error: 'temporarily_unavailable' } as const

export const policyCodes = {
  50072: {
    ...stepUp,
    text: "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access '{0}'.",
  },
  50076: {
    ...stepUp,
    text: "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '{0}'.",
  },
  50078: {
    ...stepUp,
    text: 'Presented multi-factor authentication has expired due to policies configured by your administrator, you must refresh your multi-factor authentication to access {0}.',
  },
  50079: {
    ...stepUp,
    text: "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access '{0}'.",
  },
  50173: {
    ...invalidGrant,
    suberror: 'bad_token',
    text: "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password. The grant was issued on '{0}' and the TokensValidFrom date (before which tokens are not valid) for this user is '{1}'.",
  },
  50196: {
    error: 'invalid_grant',
    status: 400,
    text: 'The server terminated an operation because it encountered a client request loop. Please contact your app vendor.',
  },
  53000: {
    ...blocked,
    text: 'Device is not in required device state: compliant. Conditional Access policy requires a compliant device, and the device is not compliant. The user must enroll their device with an approved MDM provider like Intune.',
  },
  53001: {
    ...blocked,
    text: 'Device is not in required device state: domain_joined. Conditional Access policy requires a domain joined device, and the device is not domain joined.',
  },
  53002: { ...blocked, text: 'Application used is not an approved application for Conditional Access.' },
  53003: { ...blocked, text: 'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.' },
  65005: {
    error: 'invalid_resource',
    status: 400,
    text: "The application's required resource access list does not contain applications discoverable by the resource, or the client application has requested access to a resource which was not specified in its required resource access list.",
  },
  70043: {
    ...invalidGrant,
    suberror: 'token_expired',
    text: 'The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The token was issued on {0} and the maximum allowed lifetime for this request is 3600.',
  },
  70044: {
    ...invalidGrant,
    suberror: 'token_expired',
    text: 'The session has expired or is invalid due to sign-in frequency checks by conditional access.',
  },
  90033: { ...busy, status: 503, text: 'A transient error has occurred. Please try again.' },
  90055: { ...busy, status: 429, text: 'There are too many incoming requests. The tenant is throttled.' },
  90072: {
    ...invalidGrant,
    text: 'User account from an external identity provider does not exist in the tenant and cannot access the application in that tenant. The account needs to be added as an external user in the tenant first.',
  },
  530003: { ...blocked, text: 'Your device is required to be managed to access this resource.' },
  530032: { ...blocked, text: "Blocked by conditional access policy: the tenant's security policy does not allow this request." },
  530035: {
    ...blocked,
    text: 'Access has been blocked by security defaults. The request was deemed unsafe by security defaults policies.',
  },
  650056: {
    error: 'invalid_request',
    status: 400,
    text: "Misconfigured application. This could be due to one of the following: the client has not listed any permissions in the requested permissions in the client's application registration, or the admin has not consented in the tenant.",
  },
  900382: { error: 'invalid_client', status: 400, text: 'Confidential Client is not supported in Cross Cloud request.' },
} as const satisfies Record<number, AadstsEntry>
