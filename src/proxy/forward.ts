// Sends a request to the origin and takes its answer: bodies stream both ways, and each side feels the other's pace.
import type { Dispatcher } from 'undici'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Delivery } from './delivery.ts'
import type { Attempt, Exchange } from './exchange.ts'
import { asOriginFailure } from './origin-failure.ts'
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
  exchange.sent++
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
  #hasHead = false
  #held = false
  #complete = false
  #failure: Error | undefined

  constructor(exchange: Exchange, takeHead: TakeHead) {
    this.#exchange = exchange
    this.#takeHead = takeHead
  }

  get hasHead(): boolean {
    return this.#hasHead
  }

  /** Nothing that still comes is wanted. */
  get over(): boolean {
    return this.#over
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

  /** Its answer waits: should the origin break off meanwhile, that counts only if the answer is wanted after all. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    if (this.#failure) this.#fail(this.#failure)
  }

  /** The origin may send on. */
  resume(): void {
    if (this.#complete) this.onComplete()
    else if (!this.#over) this.#resume?.()
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort
    if (this.#over) abort(new Aborted())
  }

  onHeaders(status: number, rawFields: Buffer[], resume: () => void): boolean {
    if (status < 200) return this.#countInterim()
    this.#hasHead = true
    this.#resume = resume
    this.#exchange.headAt = performance.now()
    return this.#takeHead(this.#exchange, this, status, rawFields)
  }

  onData(chunk: Buffer): boolean {
    if (this.delivery) return this.delivery.take(chunk)
    this.#exchange.bytesOut += chunk.length
    if (this.#exchange.response.write(chunk)) return true
    this.#exchange.pace.slow()
    return false
  }

  onComplete(): void {
    // An answer to HEAD has nothing that could be stopped.
    this.#complete = this.#held
    if (this.#over || this.#held) return
    this.#over = true
    if (this.delivery) this.delivery.end()
    else this.#exchange.finish()
  }

  onError(error: Error): void {
    if (this.#over) return
    this.#over = true
    if (this.#held) this.#failure = error
    else this.#fail(error)
  }

  #fail(error: Error): void {
    this.delivery?.abort()
    this.#exchange.fail(asOriginFailure(error, this.#exchange))
  }

  #countInterim(): boolean {
    const { prefix } = this.#exchange.route
    if (++this.#interim > maxInterim) throw new HallpassError('origin-broken', { prefix, why: 'it never ends its interim answers' })
    return true
  }
}

class Aborted extends Error {}
