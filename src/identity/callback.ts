// The redirect URI: takes the authorization server's answer, by query or by form_post, and sends the tab on to a page without the code.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerError } from '../errors/answer.ts'
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'
import type { Clock } from '../terms/edges.ts'
import { pathOf, queryOf } from '../terms/request-target.ts'
import type { AuthorizationResponse } from './identity.ts'

const bodyLimit = 64 * 1024

/** Milliseconds for the body of a form_post to arrive: a browser sends it at once. */
const bodyTimeout = 10_000

/** Ends the sign-in that the response belongs to, and says where the tab goes next; undefined when it belongs to none. */
export type Complete = (response: AuthorizationResponse) => Promise<string | undefined>

/**
 * Handles a request on the redirect path. It is judged by `state` alone: browsers send it from a foreign site. A wrong or missing state
 * is answered 400 and ends nothing; a second delivery goes where the first went; the code leaves the address bar by 303. What has not come whole
 * after ten seconds is answered 408.
 */
export async function handleCallback(request: IncomingMessage, response: ServerResponse, clock: Clock, complete: Complete): Promise<void> {
  try {
    const parsed = parseAuthorizationResponse(await parametersOf(request, response, clock))
    const next = parsed && (await complete(parsed))
    if (next === undefined) throw new HallpassError('sign-in-state')
    response.writeHead(303, { Location: next, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer', 'Content-Length': 0 }).end()
  } catch (error) {
    answerError(response, asHallpassError(error), 'person')
  }
}

/**
 * The response in form-encoded parameters, or undefined when they are no answer of an authorization server: it needs `state` and `code`
 * or `error`, each once (RFC 6749 section 3.1).
 */
export function parseAuthorizationResponse(parameters: URLSearchParams): AuthorizationResponse | undefined {
  const once = (name: string) => (parameters.getAll(name).length === 1 ? (parameters.get(name) ?? undefined) : undefined)
  const state = once('state')
  const code = once('code')
  const error = once('error')
  if (!state || (code === undefined) === (error === undefined)) return undefined
  if (code !== undefined) return { state, code, clientInfo: once('client_info') }
  return { state, error: error ?? '', description: once('error_description'), subcode: once('error_subcode') }
}

/**
 * True when a request is for the redirect path. At `/`, where the dashboard lives as well, a GET is a callback only with `state` and
 * `code` or `error`; a POST always is.
 */
export function isCallback(method: string, target: string, callbackPaths: ReadonlySet<string>): boolean {
  const path = pathOf(target)
  if (!callbackPaths.has(path)) return false
  if (method === 'POST') return true
  if (method !== 'GET') return false
  if (path !== '/') return true
  const parameters = new URLSearchParams(queryOf(target))
  return parameters.has('state') && (parameters.has('code') || parameters.has('error'))
}

async function parametersOf(request: IncomingMessage, response: ServerResponse, clock: Clock): Promise<URLSearchParams> {
  if (request.method === 'GET') return new URLSearchParams(queryOf(request.url ?? ''))
  return new URLSearchParams((await bodyOf(request, response, clock)).toString('utf8'))
}

function bodyOf(request: IncomingMessage, response: ServerResponse, clock: Clock): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const late = clock.after(bodyTimeout, () => {
      // It was refused, and goes on.
      if (response.headersSent) request.destroy()
      reject(new HallpassError('request-timeout', {}, { fields: { Connection: 'close' } }))
    })
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > bodyLimit) reject(new HallpassError('sign-in-state'))
      else chunks.push(chunk)
    })
    request.once('end', () => resolve(Buffer.concat(chunks)))
    request.once('error', reject)
    request.once('close', () => late.cancel())
  })
}
