// The faults that can be switched on, by name: one sentence each for whoever chooses, and where it strikes.
import type { AadstsCode } from './aadsts.ts'

/** Where a refusal strikes: on the sign-in page, or at the token endpoint by grant or where a client proves who it is. */
export type Strike = 'sign-in' | 'authorization_code' | 'refresh_token' | 'device_code' | 'client-authentication'

export type Fault = {
  /** What happens while it is on, and when that happens at Entra ID. */
  description: string
  /** The refusal, for faults that are one. */
  refusal?: { code: AadstsCode; at: readonly Strike[]; claims?: true; values?: readonly (keyof StrikeFacts)[] }
}

/** What the text of a refusal may say about the request that it strikes. */
export type StrikeFacts = { resource: string; username: string; domain: string; appId: string; issued: string; idle: string; now: string }

const policy = ['sign-in', 'refresh_token', 'device_code'] as const
const refresh = ['refresh_token'] as const
type More = Pick<NonNullable<Fault['refusal']>, 'claims' | 'values'>

const refused = (description: string, code: AadstsCode, at: readonly Strike[], more: More = {}): Fault => ({
  description,
  refusal: { code, at, ...more },
})

const stepUp: More = { claims: true, values: ['resource'] }

export const faultTable = {
  mfa: refused(
    'Refreshing is refused until multi-factor authentication is done (50076), with claims for a new sign-in.',
    50076,
    refresh,
    stepUp,
  ),
  'mfa-registration': refused(
    'Refreshing is refused until the user has registered for multi-factor authentication (50072).',
    50072,
    refresh,
    stepUp,
  ),
  'mfa-enrolment': refused(
    'Refreshing is refused until the user has enrolled in multi-factor authentication (50079).',
    50079,
    refresh,
    stepUp,
  ),
  'mfa-expired': refused('Refreshing is refused because multi-factor authentication lies too far back (50078).', 50078, refresh, stepUp),
  'conditional-access': refused('A Conditional Access policy blocks sign-in, refresh and device code (53003).', 53003, policy, {
    claims: true,
  }),
  'device-not-compliant': refused('A policy wants a compliant device for sign-in, refresh and device code (53000).', 53000, policy),
  'device-not-joined': refused('A policy wants a domain-joined device for sign-in, refresh and device code (53001).', 53001, policy),
  'app-not-approved': refused('A policy wants an approved application for sign-in, refresh and device code (53002).', 53002, policy),
  'device-not-managed': refused('A policy wants a managed device for sign-in, refresh and device code (530003).', 530003, policy),
  'tenant-policy': refused('A policy of the tenant blocks sign-in, refresh and device code (530032).', 530032, policy),
  'security-defaults': refused('Security defaults block sign-in, refresh and device code (530035).', 530035, policy),
  'external-account': refused('The account belongs to another tenant and cannot satisfy this one’s policy (90072).', 90072, policy),
  'account-deleted': refused('Refreshing is refused because the account is gone from the directory (51004).', 51004, refresh, {
    values: ['username', 'domain'],
  }),
  'consent-declined': { description: 'Every sign-in ends as if the person had declined to consent (65004).' },
  'refresh-token-revoked': refused('Refresh tokens are refused as revoked, as after a password reset (50173, bad_token).', 50173, refresh, {
    values: ['issued', 'now'],
  }),
  'refresh-token-expired': refused('Refresh tokens are refused as unused for too long (700082, bad_token).', 700082, refresh, {
    values: ['issued', 'idle'],
  }),
  'sign-in-frequency': refused('Refreshing is refused by a sign-in frequency policy (70043, token_expired).', 70043, refresh, {
    values: ['issued'],
  }),
  'session-expired': refused('Refreshing is refused because the session has expired (70044, token_expired).', 70044, refresh),
  'code-of-other-tenant': refused('Authorization codes are refused as meant for another tenant (700005).', 700005, ['authorization_code']),
  'secret-expired': refused('Client credentials are refused as expired (7000222).', 7000222, ['client-authentication'], {
    values: ['appId'],
  }),
  'cross-cloud': refused('Client credentials are refused as sent to another cloud (900382).', 900382, ['client-authentication']),
  misconfigured: refused('Codes and client credentials are refused: the registration is misconfigured (650056).', 650056, [
    'authorization_code',
    'client-authentication',
  ]),
  'resource-not-listed': refused('Codes are refused: the registration does not list the resource (65005).', 65005, ['authorization_code']),
  'client-loop': refused('Every token request is refused because the client asks in a loop (50196).', 50196, [
    'authorization_code',
    'refresh_token',
    'device_code',
    'client-authentication',
  ]),
  throttled: { description: 'The token endpoint answers 429 with Retry-After (90055).' },
  unavailable: { description: 'Discovery and the token endpoint answer 503 (90033).' },
  slow: { description: 'Discovery and the token endpoint take ten seconds to answer.' },
  dead: { description: 'Connections to discovery and the token endpoint are cut without an answer.' },
  'captive-portal': { description: 'Discovery and the token endpoint answer 200 with the HTML of a network’s log-in page.' },
  'truncated-json': { description: 'The token endpoint’s answers end in the middle.' },
  'claims-challenge': {
    description:
      'FHIR and DICOM want a token with authentication context c1: 401 insufficient_claims until the sign-in asked for the claims.',
  },
  'clock-skew': { description: 'Tokens are made by a clock ten minutes ahead: FHIR and DICOM refuse them as not valid yet.' },
} as const satisfies Record<string, Fault>

export type FaultName = keyof typeof faultTable

/** All names, in the table's order. */
export const faultNames = Object.keys(faultTable).filter(isFaultName)

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faultTable, name)
}
