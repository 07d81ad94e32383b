// A client of the sandbox's identity provider, for tests: builds requests, fills in the sign-in form, redeems codes.
import { createHash, randomBytes } from 'node:crypto'
import type { UserConsent } from '../../src/sandbox/identity/directory.ts'
import { createFaultSwitch } from '../../src/sandbox/identity/fault-switch.ts'
import { identityProvider } from '../../src/sandbox/identity/provider.ts'
import type { ApplicationRegistration, ResourceRegistration } from '../../src/sandbox/identity/registration.ts'
import { createSigningKey } from '../../src/sandbox/identity/signing-key.ts'
import { listenOnLoopbacks } from '../../src/sandbox/listen.ts'
import { clientId, createDirectory, dicomAudience, fhirAudience, tenantId } from '../../src/sandbox/tenant.ts'

export const fhirScope = `${fhirAudience}/user_impersonation`
export const dicomScope = `${dicomAudience}/Dicom.ReadWrite`
export const redirectUri = 'http://localhost:3447/-/callback'
export const verifier = randomBytes(32).toString('base64url')
export const challenge = createHash('sha256').update(verifier).digest('base64url')

export type Fields = Record<string, string | undefined>

export type IdentityOptions = {
  redirectUris?: string[]
  applications?: ApplicationRegistration[]
  resources?: ResourceRegistration[]
  userConsent?: UserConsent
  devicePollSeconds?: number
}

/** An identity provider that listens; `clock` starts at now and moves when it is told. */
export async function startIdentity({ redirectUris = [], devicePollSeconds = 5, ...directoryOptions }: IdentityOptions = {}) {
  const time = { ahead: 0 }
  const clock = () => Date.now() + time.ahead
  const grantTypes: string[] = []
  const key = await createSigningKey()
  const directory = createDirectory({ redirectUris, ...directoryOptions, now: clock() })
  const faults = createFaultSwitch(undefined)
  const app = identityProvider({
    ...{ directory, key, clock, faults, devicePollSeconds },
    origin: () => listening.origin,
    accessTokenSeconds: () => 3600,
    refreshTokenSeconds: 86_400,
    slowMilliseconds: 300,
    noteGrant: (_request, grantType) => grantTypes.push(grantType),
  })
  const listening = await listenOnLoopbacks(app, 0, () => undefined)
  const { origin, close } = listening
  return { key, url: origin, base: `${origin}/${tenantId}`, time, clock, grantTypes, faults, applications: directory.applications, close }
}

export type Identity = Awaited<ReturnType<typeof startIdentity>>

/** A good authorization request; a field that is set to undefined is left out. */
export function authorizeUrl(base: string, fields: Fields = {}): string {
  const all = {
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: `openid profile offline_access ${fhirScope}`,
    state: 'a state',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...fields,
  }
  return `${base}/oauth2/v2.0/authorize?${form(all)}`
}

/** Opens the sign-in page and reads its form as a person without JavaScript would have it. */
export async function openSignIn(url: string): Promise<{ action: string; ticket: string; page: string }> {
  const response = await fetch(url, { redirect: 'manual' })
  const page = await response.text()
  if (response.status !== 200) throw new Error(`No sign-in page but ${response.status}: ${page}`)
  const [, action = ''] = /<form method="post" action="([^"]+)"/.exec(page) ?? []
  const [, ticket = ''] = /name="ticket" value="([^"]+)"/.exec(page) ?? []
  return { action: new URL(action, url).href, ticket, page }
}

export const submit = (action: string, fields: Fields, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(action, { method: 'POST', body: form(fields), redirect: 'manual', headers })

/** Signs a person in and returns what reaches the redirect URI by query. */
export async function signIn(url: string, username = 'ada@sandbox.example'): Promise<URLSearchParams> {
  const { action, ticket } = await openSignIn(url)
  return redirected(await submit(action, { ticket, username, do: 'sign-in' }))
}

/** The parameters that a redirect carries in its query. */
export function redirected(response: Response): URLSearchParams {
  const location = response.headers.get('location')
  if (response.status !== 302 || !location) throw new Error(`No redirect but ${response.status}`)
  return new URL(location).searchParams
}

/** A good redemption of the code, with changes. */
export const redeem = (base: string, code: string | null, fields: Fields = {}): Promise<TokenAnswer> =>
  post(base, {
    grant_type: 'authorization_code',
    client_id: clientId,
    code: code ?? undefined,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    ...fields,
  })

export const refresh = (base: string, refreshToken: string | undefined, fields: Fields = {}): Promise<TokenAnswer> =>
  post(base, { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken, ...fields })

type TokenAnswer = { status: number; headers: Headers; body: Record<string, unknown> & Partial<Tokens> }
type Tokens = { access_token: string; refresh_token: string; id_token: string; error: string; error_codes: number[] }

/** Posts to the token endpoint. */
export async function post(base: string, fields: Fields, headers: Record<string, string> = {}): Promise<TokenAnswer> {
  const response = await fetch(`${base}/oauth2/v2.0/token`, { method: 'POST', body: form(fields), headers })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

/** Claims of a token, unchecked. */
export function claimsOf(token: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString())
}

function form(fields: Fields): URLSearchParams {
  return new URLSearchParams(Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
