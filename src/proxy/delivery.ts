// Brings an answer to the client when something looks at its body or changes it: the head waits until it is certain that it may go.
import { pipeline, type Readable, type Transform } from 'node:stream'
import type { Exchange } from './exchange.ts'
import type { Answer, BodyWatch } from './steps.ts'

export class Delivery {
  readonly #exchange: Exchange
  readonly #answer: Answer
  readonly #resumeOrigin: () => void
  readonly #watches: readonly BodyWatch[]
  readonly #first: Transform | undefined
  readonly #last: Readable | undefined
  #held: Buffer[] | undefined = []
  #headOut = false
  #over = false

  /** `resumeOrigin` lets the origin send on after `take` has said false. */
  constructor(exchange: Exchange, answer: Answer, resumeOrigin: () => void) {
    this.#exchange = exchange
    this.#answer = answer
    this.#resumeOrigin = resumeOrigin
    this.#watches = answer.watches
    const { through } = answer
    this.#first = through[0]
    this.#last = through.length > 1 ? (pipeline(through, () => undefined) as unknown as Readable) : through[0]
    this.#first?.on('drain', resumeOrigin)
    this.#last
      ?.on('data', chunk => this.#toClient(chunk as Buffer) || this.#last?.pause())
      .on('error', error => this.#fail(error))
      .on('end', () => this.#finish())
  }

  /** A chunk from the origin; false when it must wait. Throws what a watch refuses with. */
  take(chunk: Buffer): boolean {
    if (this.#over) return true
    let go = true
    for (const watch of this.#watches) go = watch.see(chunk) && go
    if (go && !this.#held) return this.#pass(chunk)
    this.#held ??= []
    this.#held.push(chunk)
    return go ? this.#letGo(this.#held) : true
  }

  /** The origin's body is over. Throws what a watch refuses with. */
  end(): void {
    if (this.#over) return
    try {
      for (const watch of this.#watches) watch.end?.()
    } catch (error) {
      return this.#fail(error)
    }
    if (this.#held) this.#letGo(this.#held)
    if (this.#first) this.#first.end()
    else this.#finish()
  }

  clientReady(): void {
    if (this.#last) this.#last.resume()
    else this.#resumeOrigin()
  }

  /** Nothing more goes to the client. */
  abort(): void {
    this.#over = true
    this.#first?.destroy()
  }

  #letGo(held: Buffer[]): boolean {
    this.#held = undefined
    let ready = true
    for (const chunk of held) ready = this.#pass(chunk)
    return ready
  }

  #pass(chunk: Buffer): boolean {
    return this.#first ? this.#first.write(chunk) : this.#toClient(chunk)
  }

  #toClient(chunk: Buffer): boolean {
    if (this.#over) return true
    this.#sendHead()
    return this.#exchange.response.write(chunk)
  }

  #sendHead(): void {
    if (this.#headOut) return
    this.#headOut = true
    this.#exchange.response.writeHead(this.#answer.status, this.#answer.fields)
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#sendHead()
    this.#exchange.finish()
  }

  #fail(error: unknown): void {
    if (!this.#over) this.#exchange.fail(error)
  }
}
