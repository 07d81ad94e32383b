// A request's first steps: the guard, then the redirect path, our own pages, or the proxy.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerError } from '../errors/answer.ts'
import type { HallpassError } from '../errors/hallpass-error.ts'
import { answerPreflight, isPreflight, sharedFields } from '../guard/cors.ts'
import { type Head, isNavigation, readHead } from '../guard/head.ts'
import { judgeHead, judgeOrigin, judgeOwnPage, judgeVersion, type Policy } from '../guard/judge.ts'
import type { Tell } from '../journal/events.ts'
import { isForwarded } from '../proxy/fields.ts'
import type { HandleProxied } from '../proxy/proxy.ts'
import { pathOf } from '../terms/request-target.ts'

type Handle = (request: IncomingMessage, response: ServerResponse) => void

export type HandlerParts = {
  policy: Policy
  proxy: HandleProxied
  /** Everything under `/-/`, and `/`. */
  pages: Handle
  callback: Handle
  isCallback: (method: string, target: string) => boolean
  tell: Tell
}

export type Handler = (request: IncomingMessage, response: ServerResponse, expectsContinue?: boolean) => void

export function createHandler(parts: HandlerParts): Handler {
  const { policy, pages, callback, isCallback, proxy } = parts
  return (request, response, expectsContinue = false) => {
    const { method = '', url: target = '' } = request
    const head = readHead(request.rawHeaders)
    const refusal = judgeVersion(request.httpVersion) ?? judgeHead(method, target, head, policy)
    if (refusal) return refuse(parts, request, response, head, refusal)
    if (isCallback(method, target)) return serve(callback, request, response, expectsContinue)
    const own = isOwn(target)
    const navigating = isNavigation(method, head)
    const foreign = own ? judgeOwn(method, head, navigating, policy) : judgeOrigin(method, head, policy)
    if (foreign) return refuse(parts, request, response, head, foreign)
    if (own) return serve(pages, request, response, expectsContinue)
    if (isPreflight(method, head)) return answerPreflight(response, head, isForwarded)
    proxy(request, response, { navigating, hasBody: head.hasBody, expectsContinue, shared: sharedFields(head, policy) })
  }
}

/** A top-level navigation to a page of ours shows it and changes nothing, whatever site it comes from. */
function judgeOwn(method: string, head: Head, navigating: boolean, policy: Policy): HallpassError | undefined {
  return navigating && method === 'GET' && !head.hasBody ? undefined : judgeOwnPage(method, head, policy)
}

function serve(handle: Handle, request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
  if (expectsContinue) response.writeContinue()
  handle(request, response)
}

function isOwn(target: string): boolean {
  const path = pathOf(target)
  return path === '/' || path === '/-' || path.startsWith('/-/')
}

function refuse(parts: HandlerParts, request: IncomingMessage, response: ServerResponse, head: Head, error: HallpassError): void {
  const method = request.method ?? ''
  parts.tell({ event: 'request-refused', code: error.code, status: error.entry.status, method, route: '' })
  const shared = head.origin === undefined ? undefined : sharedFields(head, parts.policy)
  answerError(response, error, isNavigation(method, head) ? 'person' : 'program', shared)
}
