// Brings an answer to the client when something looks at its body or changes it: the head waits until it is certain that it may go.
import { type Duplex, pipeline, type Readable } from 'node:stream'
import type { Exchange } from './exchange.ts'
import { endRewriting, rewrite } from './rewriting.ts'
import type { Answer, BodyWatch } from './steps.ts'

export class Delivery {
  readonly #exchange: Exchange
  readonly #answer: Answer
  readonly #resumeOrigin: () => void
  readonly #watches: readonly BodyWatch[]
  readonly #first: Duplex | undefined
  readonly #last: Readable | undefined
  #held: Buffer[] | undefined = []
  /** What has been rewritten of a body that goes out as a whole. */
  readonly #whole: Buffer[] | undefined
  #headOut = false
  #over = false

  /** `whole`: the body is small and goes out in one piece. `resumeOrigin` lets the origin send on after `take` has said false. */
  constructor(exchange: Exchange, answer: Answer, whole: boolean, resumeOrigin: () => void) {
    this.#exchange = exchange
    this.#answer = answer
    this.#whole = whole ? [] : undefined
    this.#resumeOrigin = resumeOrigin
    this.#watches = answer.watches
    const { through } = answer
    this.#first = through[0]
    this.#last = through.length > 1 ? (pipeline(through, () => undefined) as unknown as Readable) : through[0]
    this.#first?.on('drain', resumeOrigin)
    this.#last
      ?.on('data', chunk => this.#attempt(() => this.#toClient(chunk as Buffer) || this.#last?.pause()))
      .on('error', error => this.#fail(error))
      .on('end', () => this.#attempt(() => this.#finish()))
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
    this.#attempt(() => {
      for (const watch of this.#watches) watch.end?.()
      if (this.#held) this.#letGo(this.#held)
      if (this.#first) this.#first.end()
      else this.#finish()
    })
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
    const changed = rewrite(this.#answer.rewrites, chunk)
    if (this.#whole) this.#whole.push(changed)
    if (this.#whole || changed.length === 0) return true
    this.#sendHead()
    this.#exchange.bytesOut += changed.length
    if (this.#exchange.response.write(changed)) return true
    this.#exchange.pace.slow()
    return false
  }

  #sendHead(): void {
    if (this.#headOut) return
    this.#headOut = true
    this.#exchange.response.writeHead(this.#answer.status, this.#answer.fields)
  }

  #finish(): void {
    if (this.#over) return
    const rest = endRewriting(this.#answer.rewrites)
    const last = this.#whole ? joined(this.#whole, rest) : rest
    if (this.#whole) this.#answer.fields.push('Content-Length', String(last.length))
    this.#over = true
    this.#sendHead()
    this.#exchange.finish(last)
  }

  /** What throws in a stream's event has nobody else to tell. */
  #attempt(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    if (!this.#over) this.#exchange.fail(error)
  }
}

/** A small body nearly always came as one piece, which needs no copy. */
function joined(pieces: readonly Buffer[], rest: Buffer): Buffer {
  return pieces.length === 1 && rest.length === 0 ? (pieces[0] as Buffer) : Buffer.concat([...pieces, rest])
}
