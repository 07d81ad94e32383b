// Carries one exchange between a client and the origin: bodies stream both ways, and each side feels the other's pace.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { HallpassError } from '../errors/hallpass-error.ts'
import { isConnectFailure, isTimeout, reasonOf } from '../network/reason.ts'
import type { Route } from '../terms/route.ts'
import { answerFields } from './answer-fields.ts'

export type Forwarding = {
  request: IncomingMessage
  response: ServerResponse
  route: Route
  /** Path and query at the origin. */
  target: string
  /** Field names and values, the bearer among them. */
  fields: string[]
  hasBody: boolean
  /** Seconds after which a silent origin counts as timed out; for the message. */
  silenceSeconds: number
  /** Answers the client when the origin did not. */
  failed: (error: HallpassError) => void
}

/** Sends the request to the origin and its answer to the client. Redirects are never followed. */
export function forward(dispatcher: Dispatcher, forwarding: Forwarding): void {
  const { request, route, target, fields, hasBody } = forwarding
  const exchange = new Exchange(forwarding)
  forwarding.response.on('close', exchange.clientGone)
  forwarding.response.on('drain', exchange.clientReady)
  dispatcher.dispatch(
    {
      origin: route.origin,
      path: target,
      method: request.method as Dispatcher.HttpMethod,
      headers: fields,
      body: hasBody ? request : null,
    },
    exchange,
  )
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #forwarding: Forwarding
  #abort: ((reason?: Error) => void) | undefined
  #resume: (() => void) | undefined
  #ended = false

  constructor(forwarding: Forwarding) {
    this.#forwarding = forwarding
  }

  readonly clientGone = (): void => {
    if (this.#ended) return
    this.#ended = true
    this.#abort?.(new ClientGone())
  }

  readonly clientReady = (): void => this.#resume?.()

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort
    if (this.#ended) abort(new ClientGone())
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void): boolean {
    if (status < 200) return true
    this.#resume = resume
    this.#forwarding.response.writeHead(status, answerFields(rawHeaders))
    return true
  }

  onData(chunk: Buffer): boolean {
    return this.#forwarding.response.write(chunk)
  }

  onComplete(): void {
    this.#ended = true
    this.#forwarding.response.end()
  }

  onError(error: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#forwarding.failed(asOriginFailure(error, this.#forwarding))
  }
}

class ClientGone extends Error {}

function asOriginFailure(error: Error, { route, silenceSeconds }: Forwarding): HallpassError {
  const { prefix, origin } = route
  if (isTimeout(error)) return new HallpassError('origin-timeout', { prefix, seconds: silenceSeconds }, { cause: error })
  const code = isConnectFailure(error) ? 'origin-unreachable' : 'origin-broken'
  return new HallpassError(code, { prefix, origin, why: reasonOf(error) }, { cause: error })
}
