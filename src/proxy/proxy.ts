// A request's way through the proxy, step by step: match, access, acquire, fields and outbound, forward, [replay], answer.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Route } from '../terms/route.ts'
import { judgeAccess } from './access.ts'
import { acquire } from './acquire.ts'
import { startAnswer } from './answer.ts'
import { type Caller, Exchange } from './exchange.ts'
import { forward, type TakeHead } from './forward.ts'
import { buildSending, readWhole, type Sending } from './outbound.ts'
import type { ProxyParts } from './parts.ts'
import { refuse } from './refuse.ts'
import { judgeRepeated } from './repeated-fields.ts'
import { replays } from './replay.ts'
import { buildTarget, matchRoute } from './target.ts'

export type HandleProxied = (request: IncomingMessage, response: ServerResponse, caller: Caller) => void

/** The handler of everything that is not under `/-/`. */
export function createProxy(parts: ProxyParts): HandleProxied {
  const { live } = parts
  parts.broker.onSignedOut(profile => live.end(profile, new HallpassError('signed-out', { profile })))
  return (request, response, caller) => {
    const target = request.url ?? ''
    const route = matchRoute(parts.routes, target)
    if (!route) return refuse(parts, { request, response, caller }, noRoute(parts.routes))
    const path = judgeRepeated(request.rawHeaders) ?? buildTarget(route, target)
    if (path instanceof HallpassError) return refuse(parts, { request, response, caller, route }, path)
    const exchange = new Exchange(parts, request, response, caller, route, path)
    live.add(exchange)
    const refused = judgeAccess(exchange)
    if (refused) exchange.fail(refused)
    else acquire(exchange, send)
  }
}

function send(exchange: Exchange): void {
  let sending: Sending
  try {
    sending = buildSending(exchange)
  } catch (error) {
    return exchange.fail(error)
  }
  if (exchange.caller.expectsContinue && !exchange.attempt) exchange.response.writeContinue()
  if (sending.body) exchange.pace.watchUpload()
  readWhole(exchange, sending, ready => forward(exchange, ready, takeHead))
}

const takeHead: TakeHead = (exchange, attempt, status, rawFields) => {
  const pass = () => {
    startAnswer(exchange, attempt, status, rawFields)
    attempt.resume()
  }
  if (status === 401 && replays(exchange, attempt, rawFields, { again: () => send(exchange), pass })) return false
  startAnswer(exchange, attempt, status, rawFields)
  return true
}

function noRoute(routes: readonly Route[]): HallpassError {
  return new HallpassError('no-route', { routes: routes.map(({ prefix }) => prefix).join(', ') || 'none' })
}
