// Ends an exchange whose client neither sends on nor takes what is there for it.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Timer } from '../terms/edges.ts'
import type { Exchange } from './exchange.ts'

export class ClientPace {
  readonly #exchange: Exchange
  #upload: Timer | undefined
  #answer: Timer | undefined

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  /** Looks now and then whether the body comes on, as long as somebody wants it. */
  watchUpload(): void {
    const { upload, parts } = this.#exchange
    if (!upload || this.#upload) return
    const before = upload.received
    this.#upload = parts.clock.after(parts.timeouts.client * 1000, () => {
      this.#upload = undefined
      if (upload.ended || this.#exchange.over) return
      if (upload.wanted && upload.received === before) this.#silent()
      else this.watchUpload()
    })
  }

  /** The client has more to read than it takes. Tells the exchange when it takes more. */
  slow(): void {
    if (this.#answer) return
    const { clock, timeouts } = this.#exchange.parts
    this.#answer = clock.after(timeouts.client * 1000, () => this.#silent())
    this.#exchange.response.once('drain', () => {
      this.#ready()
      this.#exchange.attempt?.clientReady()
    })
  }

  end(): void {
    this.#ready()
    this.#upload?.cancel()
  }

  #ready(): void {
    this.#answer?.cancel()
    this.#answer = undefined
  }

  #silent(): void {
    const seconds = this.#exchange.parts.timeouts.client
    this.#exchange.fail(new HallpassError('client-silent', { seconds }, { fields: { Connection: 'close' } }))
  }
}
