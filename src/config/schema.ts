// The definition of every setting: from here come type, validation, help text and environment name.
import Type, { type Static } from 'typebox'

const choice = <const T extends string[]>(values: T, description: string, more: object = {}) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: values, description, ...more })

const url = (description: string) => Type.String({ minLength: 1, description })

/** The settings outside `profiles` and `routes`: each has a flag and an environment name (`HALLPASS_` + its name in capitals). */
export const settingsSchema = {
  port: Type.Integer({ minimum: 0, maximum: 65535, default: 3447, description: 'Port on both loopback addresses; 0 takes a free one.' }),
  vault: choice(['auto', 'keychain', 'memory'], 'Where tokens rest: the OS keychain, memory, or the keychain when there is one (auto).', {
    default: 'auto',
  }),
  signInWaitSeconds: Type.Integer({
    minimum: 0,
    maximum: 3600,
    default: 120,
    description: 'How long a request waits for a person to sign in.',
  }),
  signInLimitSeconds: Type.Integer({ minimum: 30, maximum: 3600, default: 600, description: 'How long a sign-in stays open.' }),
  maxWaitingRequests: Type.Integer({
    minimum: 1,
    maximum: 2048,
    default: 64,
    description: 'How many requests may wait for a person at a time.',
  }),
  connectTimeoutSeconds: Type.Integer({ minimum: 1, maximum: 300, default: 10, description: 'How long connecting to a service may take.' }),
  originTimeoutSeconds: Type.Integer({
    minimum: 1,
    maximum: 86400,
    default: 300,
    description: 'How long a service may stay silent, before its answer and within it.',
  }),
}

const profileSchema = Type.Object(
  {
    tenantId: Type.String({ minLength: 1, description: 'Directory (tenant) ID, or a domain name of the tenant.' }),
    clientId: Type.String({ minLength: 1, description: 'Application (client) ID of the app registration.' }),
    flow: Type.Optional(
      choice(['authorization-code'], 'How to sign in: authorization code with PKCE in the system browser.', {
        default: 'authorization-code',
      }),
    ),
    credential: Type.Optional(
      choice(['none'], 'What the application proves itself with: nothing, it is a public client.', { default: 'none' }),
    ),
    redirectUri: Type.Optional(url('Redirect URI exactly as registered; without a port, the daemon’s own is used.')),
    responseMode: Type.Optional(choice(['form_post', 'query'], 'How the answer of the sign-in is delivered.', { default: 'form_post' })),
    authorityHost: Type.Optional(
      Type.String({ minLength: 1, default: 'login.microsoftonline.com', description: 'Host of the authorization server.' }),
    ),
    sandbox: Type.Optional(url('URL of a sandbox’s identity provider on loopback, in place of Entra ID.')),
  },
  { additionalProperties: false },
)

const routeSchema = Type.Object(
  {
    origin: url('URL of the service, with the version for DICOM (…/v2).'),
    profile: Type.String({ minLength: 1, description: 'The profile whose token this route gets.' }),
    kind: Type.Optional(choice(['fhir', 'dicom'], 'Kind of service; derived from an Azure URL.')),
    audience: Type.Optional(url('Resource that the token is for; derived from an Azure URL.')),
    scopes: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), { minItems: 1, description: 'Scopes to ask for; derived from kind and audience.' }),
    ),
  },
  { additionalProperties: false },
)

const optional = <T extends Record<string, Type.TSchema>>(properties: T) => Type.Partial(Type.Object(properties)).properties

export const configSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String()),
    ...optional(settingsSchema),
    profiles: Type.Record(Type.String(), profileSchema, { description: 'App registrations and whom they sign in, by name.' }),
    routes: Type.Record(Type.String(), routeSchema, { description: 'Path prefixes of ours and the services behind them.' }),
  },
  { additionalProperties: false },
)

export type ConfigDocument = Static<typeof configSchema>
export type ProfileDocument = Static<typeof profileSchema>
export type RouteDocument = Static<typeof routeSchema>
export type Settings = { [Name in keyof typeof settingsSchema]: Static<(typeof settingsSchema)[Name]> }
export type SettingName = keyof typeof settingsSchema

/** The environment name of a setting by the one rule: `signInWaitSeconds` is `HALLPASS_SIGN_IN_WAIT_SECONDS`. */
export function environmentName(setting: string): string {
  return `HALLPASS_${setting.replace(/[A-Z]/g, capital => `_${capital}`).toUpperCase()}`
}

/** The flag of a setting: `signInWaitSeconds` is `sign-in-wait-seconds`. */
export function flagName(setting: string): string {
  return setting.replace(/[A-Z]/g, capital => `-${capital.toLowerCase()}`)
}
