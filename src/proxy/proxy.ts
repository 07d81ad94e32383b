// A request's way through the proxy: route, target, token, fields, origin.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Broker } from '../broker/broker.ts'
import { answerError, answerPage, type Reader } from '../errors/answer.ts'
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'
import { signInRequiredPage } from '../errors/page.ts'
import type { Tell } from '../journal/events.ts'
import type { Bearer } from '../terms/bearer.ts'
import type { Route } from '../terms/route.ts'
import { chooseFields } from './fields.ts'
import { forward } from './forward.ts'
import { buildTarget, matchRoute } from './target.ts'

export type ProxyParts = {
  routes: readonly Route[]
  broker: Broker
  dispatcherFor: (origin: string) => Dispatcher
  tell: Tell
  silenceSeconds: number
  /** False when nobody is there to sign in: no request ever waits for a person. */
  interactive: boolean
}

/** What the guard found out about the request. */
export type Caller = {
  /** A person's browser going to this address, as opposed to a program. */
  navigating: boolean
  hasBody: boolean
  /** The client holds its body back until it gets `100 Continue` (RFC 9110 section 10.1.1). */
  expectsContinue: boolean
}

export type HandleProxied = (request: IncomingMessage, response: ServerResponse, caller: Caller) => void

/** The handler of everything that is not under `/-/`. */
export function createProxy(parts: ProxyParts): HandleProxied {
  return (request, response, caller) => {
    const target = request.url ?? ''
    const route = matchRoute(parts.routes, target)
    if (!route) return refuse(parts, request, response, caller, noRoute(parts.routes))
    const path = buildTarget(route, target)
    if (path instanceof HallpassError) return refuse(parts, request, response, caller, path, route)
    const exchange = { request, response, caller, route, path }
    const bearer = parts.broker.tokens.peek(route)
    if (bearer) return send(parts, exchange, bearer)
    acquireAndSend(parts, exchange)
  }
}

type Exchange = { request: IncomingMessage; response: ServerResponse; caller: Caller; route: Route; path: string }

async function acquireAndSend(parts: ProxyParts, exchange: Exchange): Promise<void> {
  const { request, response, caller, route } = exchange
  const gone = new AbortController()
  const leave = () => gone.abort(new HallpassError('internal', { what: 'the client has gone' }))
  response.once('close', leave)
  try {
    const asking = caller.navigating ? 'none' : parts.interactive && !declines(request) ? 'wait' : 'link'
    const bearer = await parts.broker.tokens.acquire(route, { asking, signal: gone.signal })
    if (!gone.signal.aborted) send(parts, exchange, bearer)
  } catch (error) {
    if (!gone.signal.aborted) refuse(parts, request, response, caller, asHallpassError(error), route)
  } finally {
    response.off('close', leave)
  }
}

function send(parts: ProxyParts, { request, response, caller, route, path }: Exchange, bearer: Bearer): void {
  if (caller.expectsContinue) response.writeContinue()
  forward(parts.dispatcherFor(route.origin), {
    request,
    response,
    route,
    target: path,
    fields: chooseFields(request.rawHeaders, bearer),
    hasBody: caller.hasBody,
    silenceSeconds: parts.silenceSeconds,
    failed: error => refuse(parts, request, response, caller, error, route),
  })
}

function refuse(
  { broker, tell }: ProxyParts,
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller,
  error: HallpassError,
  route?: Route,
): void {
  const { status } = error.entry
  tell({
    event: status < 500 ? 'request-refused' : 'request-failed',
    code: error.code,
    status,
    method: request.method ?? '',
    route: route?.prefix ?? '',
  })
  if (!caller.navigating) return answerError(response, error, readerOf(route))
  if (error.code !== 'sign-in-required' || !route) return answerError(response, error, 'person')
  const page = signInRequiredPage(route.profile, `${route.origin}${route.basePath}`, request.url ?? '')
  const formOrigins = [broker.authorizationOrigin(route.profile)]
  answerPage(response, { ...page, formOrigins }, status, { ...error.fields, 'Hallpass-Error': error.code })
}

function readerOf(route: Route | undefined): Reader {
  return route?.kind === 'fhir' ? 'fhir' : 'program'
}

/** A caller that would rather fail at once than wait for a person says `Hallpass-Interactive: never`. */
function declines(request: IncomingMessage): boolean {
  return request.headers['hallpass-interactive'] === 'never'
}

function noRoute(routes: readonly Route[]): HallpassError {
  return new HallpassError('no-route', { routes: routes.map(({ prefix }) => prefix).join(', ') || 'none' })
}
