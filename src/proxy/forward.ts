// Sends a request to the origin and takes its answer: bodies stream both ways, and each side feels the other's pace.
import type { Dispatcher } from 'undici'
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'
import { isConnectFailure, isTimeout, reasonOf } from '../network/reason.ts'
import type { Delivery } from './delivery.ts'
import type { Attempt, Exchange } from './exchange.ts'
import type { Sending } from './outbound.ts'

/** Takes the head of the origin's final answer. False stops the origin until the attempt's `resume`. */
export type TakeHead = (exchange: Exchange, attempt: Forwarding, status: number, rawFields: readonly Buffer[]) => boolean

/** Interim answers that an origin may send ahead of the final one. */
const maxInterim = 32

/** Sends the request. Redirects are never followed. */
export function forward(exchange: Exchange, { path, fields, body }: Sending, takeHead: TakeHead): void {
  const { route, request, parts } = exchange
  const attempt = new Forwarding(exchange, takeHead)
  exchange.attempt = attempt
  parts
    .dispatcherFor(route.origin)
    .dispatch({ origin: route.origin, path, method: request.method as Dispatcher.HttpMethod, headers: fields, body }, attempt)
}

export class Forwarding implements Attempt, Dispatcher.DispatchHandler {
  /** Set when the body does not go straight to the client. */
  delivery: Delivery | undefined
  readonly #exchange: Exchange
  readonly #takeHead: TakeHead
  #abort: ((reason?: Error) => void) | undefined
  #resume: (() => void) | undefined
  #interim = 0
  #over = false

  constructor(exchange: Exchange, takeHead: TakeHead) {
    this.#exchange = exchange
    this.#takeHead = takeHead
  }

  abort(): void {
    this.delivery?.abort()
    if (this.#over) return
    this.#over = true
    this.#abort?.(new Aborted())
  }

  clientReady(): void {
    if (this.delivery) this.delivery.clientReady()
    else this.resume()
  }

  /** The origin may send on. */
  resume(): void {
    if (!this.#over) this.#resume?.()
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort
    if (this.#over) abort(new Aborted())
  }

  onHeaders(status: number, rawFields: Buffer[], resume: () => void): boolean {
    if (status < 200) return this.#countInterim()
    this.#resume = resume
    return this.#takeHead(this.#exchange, this, status, rawFields)
  }

  onData(chunk: Buffer): boolean {
    return this.delivery ? this.delivery.take(chunk) : this.#exchange.response.write(chunk)
  }

  onComplete(): void {
    if (this.#over) return
    this.#over = true
    if (this.delivery) this.delivery.end()
    else this.#exchange.finish()
  }

  onError(error: Error): void {
    if (this.#over) return
    this.#over = true
    this.delivery?.abort()
    this.#exchange.fail(asFailure(error, this.#exchange))
  }

  #countInterim(): boolean {
    const { prefix } = this.#exchange.route
    if (++this.#interim > maxInterim) throw new HallpassError('origin-broken', { prefix, why: 'it never ends its interim answers' })
    return true
  }
}

class Aborted extends Error {}

function asFailure(error: Error, { route, parts }: Exchange): HallpassError {
  if (error instanceof HallpassError) return error
  if (!('code' in error)) return asHallpassError(error)
  const { prefix, origin } = route
  if (isTimeout(error)) return new HallpassError('origin-timeout', { prefix, seconds: parts.silenceSeconds }, { cause: error })
  const code = isConnectFailure(error) ? 'origin-unreachable' : 'origin-broken'
  return new HallpassError(code, { prefix, origin, why: reasonOf(error) }, { cause: error })
}
