// Answers a client with an error of ours, in the form that it reads.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerError, answerPage, type Reader } from '../errors/answer.ts'
import type { HallpassError } from '../errors/hallpass-error.ts'
import { signInRequiredPage } from '../errors/page.ts'
import type { Route } from '../terms/route.ts'
import type { Caller } from './exchange.ts'
import type { ProxyParts } from './parts.ts'

/** Whom to answer. Without a route, none was found. */
export type Refused = { request: IncomingMessage; response: ServerResponse; caller: Pick<Caller, 'navigating' | 'shared'>; route?: Route }

export function refuse({ broker, tell }: ProxyParts, { request, response, caller, route }: Refused, error: HallpassError): void {
  const { status } = error.entry
  tell({
    event: status < 500 ? 'request-refused' : 'request-failed',
    code: error.code,
    status,
    method: request.method ?? '',
    route: route?.prefix ?? '',
  })
  if (!caller.navigating) return answerError(response, error, readerOf(route), caller.shared)
  if (error.code !== 'sign-in-required' || !route) return answerError(response, error, 'person')
  const page = signInRequiredPage(route.profile, `${route.origin}${route.basePath}`, request.url ?? '')
  const formOrigins = [broker.authorizationOrigin(route.profile)]
  answerPage(response, { ...page, formOrigins }, status, { ...error.fields, 'Hallpass-Error': error.code })
}

function readerOf(route: Route | undefined): Reader {
  return route?.kind === 'fhir' ? 'fhir' : 'program'
}
