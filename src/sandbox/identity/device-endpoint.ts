// The device authorization endpoint, and the page on which a person enters what it gave out (RFC 8628 sections 3.1 to 3.3).
import { randomBytes, randomInt } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type AuthorizationServer, deviceCodeLife } from './authorization-server.ts'
import { readClaimsRequest } from './claims-request.ts'
import { sendDeviceCodePage } from './device-page.ts'
import { findApplication } from './directory.ts'
import { EntraError } from './entra-error.ts'
import { noStore } from './page.ts'
import { fromOwnPageOnly } from './page-routes.ts'
import { type Parameters, parametersOf } from './parameters.ts'
import { parseScopes } from './scopes.ts'
import { askWho } from './sign-in.ts'
import { transportFaults } from './transport-faults.ts'

type TenantRoute = { Params: { tenant: string } }

/** Adds `/{tenant}/oauth2/v2.0/devicecode`. */
export function addDeviceEndpoint(app: FastifyInstance, server: AuthorizationServer): void {
  const url = '/:tenant/oauth2/v2.0/devicecode'
  app.post<TenantRoute>(url, transportFaults(server, 'token'), async (request, reply) => {
    reply.headers(noStore)
    return authorizeDevice(server, request.params.tenant, parametersOf(request))
  })
}

/** Adds `/device`, where the code is entered. */
export function addDevicePage(pages: FastifyInstance, server: AuthorizationServer): void {
  pages.get('/device', async (_request, reply) => sendDeviceCodePage(reply, createTicket(server)))
  pages.post('/device', { preHandler: fromOwnPageOnly }, async (request, reply) => enterCode(server, request, reply))
}

/** Like Entra ID it does not ask yet whether the application is a public client: the token endpoint does. */
function authorizeDevice(server: AuthorizationServer, tenant: string, { required, optional }: Parameters) {
  const { directory, clock, devicePollSeconds: interval, origin } = server
  const application = findApplication(directory, tenant, required('client_id'))
  const scopes = parseScopes(directory, application, required('scope'))
  const claims = readClaimsRequest(optional('claims'))
  const userCode = drawUserCode()
  const deviceCode = `1.${randomBytes(48).toString('base64url')}`
  const device = {
    ...{ kind: 'device' as const, application, scopes, consentTo: [scopes], claims, userCode },
    ...{ expires: clock() + deviceCodeLife, interval, polled: undefined, outcome: 'pending' as const },
  }
  server.deviceCodes.set(deviceCode, device)
  server.userCodes.set(userCode, device)
  const verificationUri = `${origin()}/device`
  return {
    user_code: userCode,
    device_code: deviceCode,
    verification_uri: verificationUri,
    expires_in: deviceCodeLife / 1000,
    interval,
    message: `To sign in, use a web browser to open the page ${verificationUri} and enter the code ${userCode} to authenticate.`,
  }
}

/** Without vowels, so that it spells nothing, and without what is easily mistaken (RFC 8628 section 6.1). */
const alphabet = 'BCDFGHJKLMNPQRSTVWXZ23456789'

const drawUserCode = (): string => Array.from({ length: 9 }, () => alphabet[randomInt(alphabet.length)]).join('')

function createTicket({ deviceTickets }: AuthorizationServer): string {
  const ticket = randomBytes(32).toString('base64url')
  deviceTickets.set(ticket, true)
  return ticket
}

function enterCode(server: AuthorizationServer, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { required, optional } = parametersOf(request)
  if (!server.deviceTickets.take(required('ticket'))) throw new EntraError(50089)
  const entered = optional('user_code')
  if (entered === undefined) throw new EntraError(90014, 'user_code')
  const device = server.userCodes.get(entered.toUpperCase().replace(/[^A-Z0-9]/g, ''))
  if (device?.outcome !== 'pending') return sendDeviceCodePage(reply, createTicket(server), new EntraError(70018).message)
  if (device.expires <= server.clock()) return sendDeviceCodePage(reply, createTicket(server), new EntraError(70019).message)
  return askWho(server, reply, device)
}
