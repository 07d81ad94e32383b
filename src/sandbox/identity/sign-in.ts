// The way of a person from the sign-in page to the application: who, whether that account may, consent, answer.
import { randomBytes, randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { sendAuthorizationResponse } from './authorization-response.ts'
import { type AuthorizationServer, codeLife, type DeviceAuthorization, type PendingSignIn } from './authorization-server.ts'
import { missingConsent, rememberConsent, wantedScopes } from './consent.ts'
import { sendApprovalPage, sendConsentPage } from './consent-page.ts'
import { sendDeviceOutcomePage } from './device-page.ts'
import { type Application, checkTenant, type Directory, type DirectoryPerson } from './directory.ts'
import { asAuthorizationError, EntraError } from './entra-error.ts'
import { fromOwnPageOnly, type TenantRequest, traceOf } from './page-routes.ts'
import { parametersOf } from './parameters.ts'
import { sendSignInPage } from './sign-in-page.ts'
import { clientInfo } from './tokens.ts'

/** Adds the targets of the sign-in form, `/{tenant}/login`, and of the consent form, `/{tenant}/consent`. */
export function addSignIn(pages: FastifyInstance, server: AuthorizationServer): void {
  pages.post('/:tenant/login', { preHandler: fromOwnPageOnly }, async (request: TenantRequest, reply) => signIn(server, request, reply))
  pages.post('/:tenant/consent', { preHandler: fromOwnPageOnly }, async (request: TenantRequest, reply) => decide(server, request, reply))
}

/** Shows the sign-in page. A login hint that nobody here goes by chooses nobody. */
export function askWho(server: AuthorizationServer, reply: FastifyReply, pending: PendingSignIn, loginHint?: string): FastifyReply {
  const { directory, tickets, faults } = server
  const ticket = randomBytes(32).toString('base64url')
  tickets.set(ticket, pending)
  const action = `/${directory.tenantId}/login`
  return sendSignInPage(reply, { pending, people: directory.people, ticket, action, loginHint, fault: faults.current() })
}

function signIn(server: AuthorizationServer, request: TenantRequest, reply: FastifyReply): FastifyReply {
  const { directory, tickets, faults } = server
  checkTenant(directory, request.params.tenant)
  const { optional, required } = parametersOf(request)
  const pending = tickets.take(required('ticket'))
  if (!pending) throw new EntraError(50089)
  if (optional('do') === 'cancel') return turnDown(server, request, reply, pending, new EntraError(65004))
  const username = optional('username')
  if (username === undefined) throw new EntraError(90014, 'username')
  const person = directory.people.find(person => person.username === username.toLowerCase())
  if (!person) throw new EntraError(50034, username, directory.domain)
  checkAccount(directory, pending.application, person)
  faults.refuse('sign-in', { username })
  if (faults.strikes('consent-declined')) return turnDown(server, request, reply, pending, new EntraError(65004))
  return askConsent(server, reply, pending, person)
}

/** Throws 50057, 50020 or 50105 when this account may not sign in to this application. */
export function checkAccount({ tenantId, domain }: Directory, application: Application, { username, hindrance }: DirectoryPerson): void {
  const { appId, displayName, assignedTo } = application
  if (hindrance === 'disabled') throw new EntraError(50057)
  if (hindrance === 'foreign') {
    const home = `https://sts.windows.net/${username.slice(username.indexOf('@') + 1)}/`
    throw new EntraError(50020, username, home, `${domain} (${tenantId})`, appId, displayName)
  }
  if (assignedTo && !assignedTo.includes(username)) throw new EntraError(50105, appId, displayName, username)
}

function askConsent(server: AuthorizationServer, reply: FastifyReply, pending: PendingSignIn, person: DirectoryPerson) {
  const { directory, consentTickets } = server
  const missing = missingConsent(server, { application: pending.application, person }, pending.consentTo)
  const prompted = pending.kind === 'authorization' && pending.promptsConsent
  if (missing.length === 0 && !prompted) return finish(server, reply, pending, person)
  const ticket = randomBytes(32).toString('base64url')
  consentTickets.set(ticket, { pending, person })
  const wanted = missing.length === 0 ? wantedScopes(pending.consentTo) : missing
  const page = { pending, person, wanted, ticket, action: `/${directory.tenantId}/consent` }
  return directory.userConsent === 'allowed' || missing.length === 0 ? sendConsentPage(reply, page) : sendApprovalPage(reply, page)
}

function decide(server: AuthorizationServer, request: TenantRequest, reply: FastifyReply): FastifyReply {
  const { directory, consentTickets } = server
  checkTenant(directory, request.params.tenant)
  const { optional, required } = parametersOf(request)
  const asked = consentTickets.take(required('ticket'))
  if (!asked) throw new EntraError(50089)
  const { pending, person } = asked
  const { application, consentTo } = pending
  const missing = missingConsent(server, { application, person }, consentTo)
  if (missing.length > 0 && directory.userConsent !== 'allowed') {
    const code = directory.userConsent === 'request' ? 90095 : 90094
    return turnDown(server, request, reply, pending, new EntraError(code, application.displayName))
  }
  if (optional('do') !== 'accept') return turnDown(server, request, reply, pending, new EntraError(65004))
  rememberConsent(server, { application, person }, consentTo)
  return finish(server, reply, pending, person)
}

/** A code for the redirect URI, or a person for the device that waits. */
function finish(server: AuthorizationServer, reply: FastifyReply, pending: PendingSignIn, person: DirectoryPerson) {
  if (pending.kind === 'device') {
    checkUndecided(pending, server.clock())
    pending.outcome = person
    return sendDeviceOutcomePage(reply, pending.application, 'signed-in')
  }
  const code = `1.${randomBytes(48).toString('base64url')}`
  server.codes.set(code, { ...pending, person, expires: server.clock() + codeLife, redeemed: false })
  const answer = { code, ...(pending.wantsClientInfo && { client_info: clientInfo(person, server) }), session_state: randomUUID() }
  return sendAuthorizationResponse(reply, pending, answer)
}

function turnDown(server: AuthorizationServer, request: TenantRequest, reply: FastifyReply, pending: PendingSignIn, error: EntraError) {
  if (pending.kind === 'device') {
    checkUndecided(pending, server.clock())
    pending.outcome = 'declined'
    return sendDeviceOutcomePage(reply, pending.application, 'declined')
  }
  return sendAuthorizationResponse(reply, pending, asAuthorizationError(error, traceOf(server, request)))
}

/** Throws 70018 or 70019: a code that was decided about in another window, or too late, is not decided about again. */
function checkUndecided({ outcome, expires }: DeviceAuthorization, now: number): void {
  if (outcome !== 'pending') throw new EntraError(70018)
  if (expires <= now) throw new EntraError(70019)
}
