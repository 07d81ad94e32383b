// The connections to one origin: each carries one request at a time, and the one that was free last is used next.
import { type buildConnector, Client, Dispatcher, errors } from 'undici'

/** `over`: whoever asked has gone, and a request that still waits need not be sent. */
export type EndingHandler = Dispatcher.DispatchHandler & { readonly over?: boolean }
type Waiting = { options: Dispatcher.DispatchOptions; handler: EndingHandler }
type Connection = { client: Client; free: boolean }

/**
 * undici's `Client`s in a stack of the free ones. Its `Pool` does the same, but looks through all of them twice for every request. The limits are
 * those of `Client`; requests beyond `most` connections wait for one, in the order in which they came.
 */
export class Connections extends Dispatcher {
  readonly #origin: string
  readonly #options: Client.Options
  readonly #most: number
  readonly #all = new Set<Connection>()
  readonly #free: Connection[] = []
  #waiting: Waiting[] = []
  #ended = false

  /** `connect` is shared by all connections, so that one's TLS session is the next one's. */
  constructor(origin: string, connect: buildConnector.connector, most: number, options: Client.Options) {
    super()
    this.#origin = origin
    this.#options = { ...options, connect }
    this.#most = most
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: EndingHandler): boolean {
    const connection = this.#ended ? undefined : (this.#free.pop() ?? this.#another())
    if (connection) this.#send(connection, options, handler)
    else if (this.#ended) handler.onError?.(new errors.ClientDestroyedError())
    else this.#waiting.push({ options, handler })
    return this.#waiting.length === 0
  }

  /** Ends every connection, also those in use; what waits fails. */
  override async destroy(): Promise<void> {
    this.#ended = true
    const [all, waiting] = [[...this.#all], this.#waiting.splice(0)]
    this.#all.clear()
    for (const { handler } of waiting) handler.onError?.(new errors.ClientDestroyedError())
    await Promise.all(all.map(({ client }) => client.destroy()))
  }

  #another(): Connection | undefined {
    if (this.#all.size >= this.#most) return undefined
    const connection = { client: new Client(this.#origin, this.#options), free: false }
    connection.client.on('drain', () => this.#release(connection)).on('connectionError', () => this.#giveUp(connection))
    this.#all.add(connection)
    return connection
  }

  #send(connection: Connection, options: Dispatcher.DispatchOptions, handler: EndingHandler): void {
    connection.free = false
    const { client } = connection
    // A request that failed before it was sent may leave its client free without a word: after what the client itself may still have to say.
    if (client.dispatch(options, handler) || client.stats.size === 0) queueMicrotask(() => this.#release(connection))
  }

  #release(connection: Connection): void {
    if (connection.free || connection.client.stats.size > 0 || this.#ended) return
    const next = this.#nextWaiting()
    if (next) return this.#send(connection, next.options, next.handler)
    connection.free = true
    this.#free.push(connection)
  }

  /** A `Client` whose origin has a certificate for another name counts the request that failed as under way for good (undici's issue 3895). */
  #giveUp(connection: Connection): void {
    if (connection.client.stats.size === 0 || this.#ended) return
    this.#all.delete(connection)
    connection.client.destroy()
    const next = this.#nextWaiting()
    if (next) this.dispatch(next.options, next.handler)
  }

  #nextWaiting(): Waiting | undefined {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) if (!next.handler.over) return next
    return undefined
  }
}
