// The connections to one origin: each carries one request at a time, and the one that was free last is used next.
import type { Socket } from 'node:net'
import { type buildConnector, Client, Dispatcher, errors } from 'undici'

export type WatchedHandler = Dispatcher.DispatchHandler & {
  /** Whoever asked has gone: a request that still waits need not be sent. */
  readonly over?: boolean
  /** False while the head of the answer has not come. Without it that head is bounded by undici alone. */
  readonly hasHead?: boolean
}
type Waiting = { options: Dispatcher.DispatchOptions; handler: WatchedHandler }
type Connection = {
  client: Client
  free: boolean
  handler: WatchedHandler | undefined
  /** Bytes that had been read before the answer that is under way. */
  readBefore: number
  socket: Socket | undefined
}

/** Bytes by which undici may find a head too large later than we do: more than it reads at once. */
const slack = 256 * 1024

/**
 * undici's `Client`s in a stack of the free ones. Its `Pool` does the same, but looks through all of them twice for every request. The limits are
 * those of `Client`; requests beyond `most` connections wait for one, in the order in which they came.
 */
export class Connections extends Dispatcher {
  readonly #origin: string
  readonly #connect: buildConnector.connector
  readonly #options: Client.Options
  readonly #mostOfHead: number
  readonly #most: number
  readonly #all = new Set<Connection>()
  readonly #free: Connection[] = []
  #waiting: Waiting[] = []
  #ended = false

  /** `connect` is shared by all connections, so that one's TLS session is the next one's. */
  constructor(origin: string, connect: buildConnector.connector, most: number, options: Client.Options & { maxHeaderSize: number }) {
    super()
    this.#origin = origin
    this.#connect = connect
    this.#options = { ...options, maxHeaderSize: options.maxHeaderSize + slack }
    this.#mostOfHead = options.maxHeaderSize
    this.#most = most
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: WatchedHandler): boolean {
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
    const connect: buildConnector.connector = (options, callback) =>
      this.#connect(options, (...[error, socket]) => {
        if (error) return callback(error, null)
        this.#boundHeads(connection, socket)
        callback(null, socket)
      })
    const client = new Client(this.#origin, { ...this.#options, connect })
    const connection: Connection = { client, free: false, handler: undefined, readBefore: 0, socket: undefined }
    client.on('drain', () => this.#release(connection)).on('connectionError', () => this.#giveUp(connection))
    this.#all.add(connection)
    return connection
  }

  #send(connection: Connection, options: Dispatcher.DispatchOptions, handler: WatchedHandler): void {
    connection.free = false
    connection.handler = handler
    connection.readBefore = connection.socket?.bytesRead ?? 0
    const { client } = connection
    // A request that failed before it was sent may leave its client free without a word: after what the client itself may still have to say.
    if (client.dispatch(options, handler) || client.stats.size === 0) queueMicrotask(() => this.#release(connection))
  }

  #release(connection: Connection): void {
    if (connection.free || connection.client.stats.size > 0 || this.#ended) return
    const next = this.#nextWaiting()
    if (next) return this.#send(connection, next.options, next.handler)
    connection.handler = undefined
    connection.free = true
    this.#free.push(connection)
  }

  /**
   * Ends a connection whose head is too large. undici does as well, but makes an error, stack and all, for each further field that it has read:
   * for thousands of them the daemon would stand still.
   */
  #boundHeads(connection: Connection, socket: Socket): void {
    connection.socket = socket
    connection.readBefore = socket.bytesRead
    socket.on('readable', () => {
      if (connection.handler?.hasHead !== false || socket.bytesRead - connection.readBefore <= this.#mostOfHead) return
      socket.destroy(new errors.HeadersOverflowError())
    })
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
