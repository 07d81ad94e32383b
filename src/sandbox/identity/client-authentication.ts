// How an application proves at the token endpoint that it is itself, and whether it must (RFC 6749 section 2.3; RFC 7523).
import { createHash, timingSafeEqual } from 'node:crypto'
import type { AuthorizationServer } from './authorization-server.ts'
import { assertionType, checkAssertion } from './client-assertion.ts'
import type { Application, Platform } from './directory.ts'
import { EntraError } from './entra-error.ts'
import type { Parameters } from './parameters.ts'

/** How the application authenticated, as `appidacr` says it: not at all, by secret, by certificate. */
export type ClientAuthentication = '0' | '1' | '2'

export type PresentedCredentials = {
  /** From the Authorization field. */
  clientId: string | undefined
  secret: string | undefined
  assertion: string | undefined
}

/** A token request whose application is known. */
export type TokenRequest = {
  application: Application
  parameters: Parameters
  credentials: PresentedCredentials
  /** The Origin field, which only browsers send. */
  origin: string | undefined
  /** Lets pages of this origin read the answer. */
  allowOrigin: (origin: string) => void
}

/** What was presented, by HTTP Basic, in the body, or as assertion. Throws 70002, 90023 or 9002313. */
export function readCredentials(authorization: string | undefined, { optional, required }: Parameters): PresentedCredentials {
  const basic = readBasic(authorization)
  const assertion = optional('client_assertion')
  if (assertion !== undefined && required('client_assertion_type') !== assertionType) throw new EntraError(90023, 'client_assertion_type')
  const secrets = [basic?.secret, optional('client_secret'), assertion].filter(value => value !== undefined)
  if (secrets.length > 1) throw new EntraError(9002313, 'The request has more than one client credential.')
  return { clientId: basic?.clientId, secret: basic?.secret ?? optional('client_secret'), assertion }
}

function readBasic(authorization: string | undefined): { clientId: string; secret: string } | undefined {
  if (authorization === undefined) return undefined
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization) ?? []
  const [clientId, ...secret] = Buffer.from(encoded ?? '', 'base64')
    .toString()
    .split(':')
    .map(formDecode)
  if (!clientId || secret.length === 0) throw new EntraError(70002)
  return { clientId, secret: secret.join(':') }
}

/** Both parts are form-encoded before they are joined (RFC 6749 section 2.3.1). */
const formDecode = (text: string): string => new URLSearchParams(`x=${text}`).get('x') ?? ''

/**
 * Checks that the request comes as the platform demands: a web application must prove who it is (7000218), a public client must not try
 * (700025), and a single-page application's answers are for pages only (9002327, 9002326).
 */
export async function checkClient(server: AuthorizationServer, request: TokenRequest, platform: Platform): Promise<ClientAuthentication> {
  const { origin, credentials } = request
  if (platform === 'spa' && origin === undefined) throw new EntraError(9002327)
  if (platform !== 'spa' && origin !== undefined) throw new EntraError(9002326, origin)
  if (platform === 'spa' && origin !== undefined) request.allowOrigin(origin)
  if (platform === 'web') return authenticate(server, request, 7000218)
  if (credentials.secret !== undefined || credentials.assertion !== undefined) throw new EntraError(700025)
  return '0'
}

/** Throws `missing` when nothing was presented, else what is wrong with it. */
export async function authenticate(
  server: AuthorizationServer,
  { application, credentials }: TokenRequest,
  missing: 7000216 | 7000218,
): Promise<ClientAuthentication> {
  const { secret, assertion } = credentials
  if (secret === undefined && assertion === undefined) throw new EntraError(missing)
  server.faults.refuse('client-authentication', { appId: application.appId })
  if (assertion !== undefined) {
    await checkAssertion(server, application, assertion)
    return '2'
  }
  checkSecret(application, secret ?? '', server.clock())
  return '1'
}

/** Throws 7000222 for a secret that was good once, 7000215 for anything else that is not good now. */
function checkSecret({ appId, secrets }: Application, presented: string, now: number): void {
  const known = secrets.filter(({ value }) => isSame(value, presented))
  if (known.some(({ start, end }) => start <= now && now < end)) return
  throw known.some(({ end }) => end <= now) ? new EntraError(7000222, appId) : new EntraError(7000215, appId)
}

/** Digests have one length, so that nothing can be learnt from the time this takes. */
function isSame(first: string, second: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(first), digest(second))
}
