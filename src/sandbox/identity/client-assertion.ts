// Client assertions: JWTs that an application signs with the key of a certificate it has registered
// (RFC 7523; Microsoft identity platform application authentication certificate credentials, Microsoft Learn).
import { createPublicKey } from 'node:crypto'
import { compactVerify, decodeJwt, decodeProtectedHeader, errors, type JWTPayload, type ProtectedHeaderParameters } from 'jose'
import type { AuthorizationServer } from './authorization-server.ts'
import type { Application, ClientCertificate } from './directory.ts'
import { EntraError } from './entra-error.ts'

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Seconds that clocks may differ. */
const tolerance = 300

/**
 * Checks signature, certificate, names and life. The same assertion may come again while it lives: MSAL re-uses one for ten minutes, and
 * Entra ID puts up with that. Throws 50027, 700021, 700023, 700024 or 700027.
 */
export async function checkAssertion(server: AuthorizationServer, application: Application, assertion: string): Promise<void> {
  const { header, payload } = decode(assertion)
  if (payload.iss !== application.appId || payload.sub !== application.appId) throw new EntraError(700021)
  const certificate = findCertificate(application, header)
  await checkSignature(assertion, header, certificate, server.clock())
  if (![payload.aud ?? ''].flat().some(audience => isForUs(server, audience))) throw new EntraError(700023)
  checkLife(payload, server.clock())
}

function decode(assertion: string): { header: ProtectedHeaderParameters; payload: JWTPayload } {
  try {
    return { header: decodeProtectedHeader(assertion), payload: decodeJwt(assertion) }
  } catch (error) {
    if (error instanceof TypeError || error instanceof errors.JWTInvalid) throw new EntraError(50027)
    throw error
  }
}

/** By SHA-1 (`x5t`) or SHA-256 (`x5t#S256`) thumbprint, base64url of its bytes; `kid` may hold the first in hexadecimal. */
function findCertificate(
  { certificates }: Application,
  { x5t, 'x5t#S256': x5tS256, kid }: ProtectedHeaderParameters & { 'x5t#S256'?: string },
) {
  const hex = (print: string | undefined) =>
    Buffer.from(print ?? '', 'base64url')
      .toString('hex')
      .toUpperCase()
  const sent = x5tS256 ? hex(x5tS256) : x5t ? hex(x5t) : (kid ?? '').toUpperCase()
  const certificate = certificates.find(({ thumbprint, thumbprintSha256 }) => sent === (x5tS256 ? thumbprintSha256 : thumbprint))
  if (!certificate) throw failedSignature(`The key was not found., Thumbprint of key used by client: '${sent}'`)
  return certificate
}

async function checkSignature(
  assertion: string,
  { alg }: ProtectedHeaderParameters,
  certificate: ClientCertificate,
  now: number,
): Promise<void> {
  const { pem, thumbprint, start, end } = certificate
  if (alg !== 'RS256' && alg !== 'PS256') throw new EntraError(700027, 'Invalid JWT token. Unsupported asymmetric signing algorithm.')
  if (now >= end || now < start) {
    const found = `Start=${new Date(start).toISOString()}, End=${new Date(end).toISOString()}`
    throw failedSignature(`The key used is expired., Thumbprint of key used by client: '${thumbprint}', Found key '${found}'`)
  }
  try {
    await compactVerify(assertion, createPublicKey(pem), { algorithms: [alg] })
  } catch (error) {
    if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error
    throw failedSignature(
      `The provided signature value did not match the expected signature value., Thumbprint of key used by client: '${thumbprint}'`,
    )
  }
}

const failedSignature = (reason: string): EntraError => new EntraError(700027, `[Reason - ${reason}]`)

/** The token endpoint or the issuer of this tenant, by any of its names and at any of our loopback addresses. */
function isForUs({ directory, origin }: AuthorizationServer, audience: string): boolean {
  if (!URL.canParse(audience)) return false
  const { protocol, hostname, port, pathname } = new URL(audience)
  const ours = ['localhost', '127.0.0.1', '[::1]'].includes(hostname) && port === new URL(origin()).port
  const [, tenant = '', path = ''] = /^\/([^/]+)(\/.*)$/.exec(pathname) ?? []
  const named = [directory.tenantId, directory.domain, 'common', 'organizations'].includes(tenant.toLowerCase())
  return /^https?:$/.test(protocol) && ours && named && ['/oauth2/v2.0/token', '/v2.0'].includes(path)
}

function checkLife({ nbf, exp }: JWTPayload, clock: number): void {
  const now = clock / 1000
  if (exp !== undefined && now < exp + tolerance && (nbf === undefined || now >= nbf - tolerance)) return
  const time = (seconds: number | undefined) => (seconds === undefined ? '(none)' : new Date(seconds * 1000).toISOString())
  throw new EntraError(700024, new Date(clock).toISOString(), time(nbf), time(exp))
}
