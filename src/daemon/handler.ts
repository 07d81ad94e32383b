// A request's first steps: the guard, then the redirect path, our own pages, or the proxy.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerError } from '../errors/answer.ts'
import type { HallpassError } from '../errors/hallpass-error.ts'
import { type Admission, judgeApiKey, judgeKey, judgeUser } from '../guard/admission.ts'
import { answerPreflight, isPreflight, sharedFields } from '../guard/cors.ts'
import { judgeRoom } from '../guard/door.ts'
import { type Head, isNavigation, readHead } from '../guard/head.ts'
import { judgeApi, judgeHead, judgeOrigin, judgeOwnPage, judgeVersion, type Policy } from '../guard/judge.ts'
import type { Tell } from '../journal/events.ts'
import type { HandleProxied } from '../proxy/proxy.ts'
import { pathOf } from '../terms/request-target.ts'

type Handle = (request: IncomingMessage, response: ServerResponse) => void

export type HandlerParts = {
  policy: Policy
  admission: Admission
  proxy: HandleProxied
  /** Whether a request field goes on to the service behind a target. */
  forwards: (name: string, target: string) => boolean
  /** Everything under `/-/`, and `/`. */
  pages: Handle
  /** The control API under `/-/api/`. */
  api: Handle
  callback: Handle
  isCallback: (method: string, target: string) => boolean
  tell: Tell
}

export type Handler = (request: IncomingMessage, response: ServerResponse, expectsContinue?: boolean) => void

/** A request and what its head says. */
type Arrival = {
  request: IncomingMessage
  response: ServerResponse
  expectsContinue: boolean
  head: Head
  navigating: boolean
  /** `link` is what a person follows without a key: one-time sign-in paths, and the health checks of scripts. */
  place: 'callback' | 'api' | 'link' | 'own' | 'proxied'
}

export function createHandler(parts: HandlerParts): Handler {
  return (request, response, expectsContinue = false) => {
    const { method = '', url: target = '' } = request
    const head = readHead(request.rawHeaders)
    const navigating = isNavigation(method, head)
    const arrival: Arrival = { request, response, expectsContinue, head, navigating, place: placeOf(parts, method, target) }
    const refusal = judge(parts, arrival)
    if (refusal) return refuse(parts, arrival, refusal)
    admit(parts, arrival)
  }
}

function placeOf({ isCallback }: HandlerParts, method: string, target: string): Arrival['place'] {
  if (isCallback(method, target)) return 'callback'
  const path = pathOf(target)
  if (path.startsWith('/-/api/')) return 'api'
  if (path.startsWith('/-/sign-in/') || path.startsWith('/-/health/')) return 'link'
  return path === '/' || path === '/-' || path.startsWith('/-/') ? 'own' : 'proxied'
}

/** The rules that need nothing but the head. The redirect path is judged by `state` alone: browsers come there from a foreign site. */
function judge({ policy }: HandlerParts, { request, head, navigating, place }: Arrival): HallpassError | undefined {
  const { method = '', url: target = '', httpVersion } = request
  const refusal = judgeVersion(httpVersion) ?? judgeHead(method, target, head, policy)
  if (refusal || place === 'callback') return refusal
  if (place === 'proxied') return judgeOrigin(method, head, policy)
  if (place === 'api') return judgeApi(head, policy)
  // A top-level navigation to a page of ours shows it and changes nothing, whatever site it comes from.
  return navigating && method === 'GET' && !head.hasBody ? undefined : judgeOwnPage(method, head, policy)
}

function admit(parts: HandlerParts, arrival: Arrival): void {
  const { request, response, expectsContinue, head, navigating, place } = arrival
  const isAsking = place === 'proxied' && isPreflight(request.method ?? '', head)
  const { socket } = request
  const refusal = judgeUser(socket, parts.admission) ?? judgeRoom(socket) ?? judgeKeys(parts, place, isAsking, head)
  if (refusal) return refuse(parts, arrival, refusal)
  if (place === 'callback') return serve(parts.callback, arrival)
  if (place === 'api') return serve(parts.api, arrival)
  if (place !== 'proxied') return serve(parts.pages, arrival)
  if (isAsking) return answerPreflight(response, head, name => parts.forwards(name, request.url ?? ''))
  const { hasBody, host = '' } = head
  parts.proxy(request, response, { navigating, hasBody, expectsContinue, host, shared: sharedFields(head, parts.policy) })
}

/** Browsers send no field of ours with a preflight, a redirect or a link. */
function judgeKeys({ admission }: HandlerParts, place: Arrival['place'], isAsking: boolean, head: Head): HallpassError | undefined {
  if (place === 'api') return judgeApiKey(head, admission)
  return place === 'callback' || place === 'link' || isAsking ? undefined : judgeKey(head, admission)
}

function serve(handle: Handle, { request, response, expectsContinue }: Arrival): void {
  if (expectsContinue) response.writeContinue()
  handle(request, response)
}

function refuse(parts: HandlerParts, { request, response, head, navigating }: Arrival, error: HallpassError): void {
  parts.tell({ event: 'request-refused', code: error.code, status: error.entry.status, method: request.method ?? '', route: '' })
  const shared = head.origin === undefined ? undefined : sharedFields(head, parts.policy)
  answerError(response, error, navigating ? 'person' : 'program', shared)
}
