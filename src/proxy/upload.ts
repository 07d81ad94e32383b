// The body of a client's request: read at the origin's pace, and its beginning kept, so that a small one can be sent once more.
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { smallBody } from './connection-fields.ts'

export class Upload {
  /** Bytes that came from the client so far. */
  received = 0
  /** The client has sent all of it. */
  ended = false
  /** The origin waits for more of it. */
  wanted = false
  readonly #request: IncomingMessage
  #kept: Buffer[] | undefined = []
  #reader: Reader | undefined
  #started = false
  #held = false

  constructor(request: IncomingMessage) {
    this.#request = request
  }

  /** True as long as every byte that came is still here. */
  get replayable(): boolean {
    return this.#kept !== undefined
  }

  /**
   * The body from its first byte on: what was kept, then what still comes. Whoever read before gets nothing more. Destroying the stream leaves
   * the client's connection alone.
   */
  open(): Readable {
    const reader = new Reader(this)
    this.#reader = reader
    this.#held = false
    for (const chunk of this.#kept ?? []) reader.push(chunk)
    if (this.ended) reader.push(null)
    this.#start()
    return reader
  }

  /** Reads no more from the client until `release` or `open`. */
  hold(): void {
    this.#held = true
    this.wanted = false
    if (!this.ended) this.#request.pause()
  }

  release(): void {
    this.#held = false
    this.pull()
  }

  /** The origin's side wants more. */
  pull(): void {
    if (this.#held || this.ended) return
    this.wanted = true
    this.#request.resume()
  }

  /** Nobody reads any longer: the rest of the body is thrown away, so that the client gets to read its answer. */
  leave(reader: Reader): void {
    if (this.#reader !== reader) return
    this.#reader = undefined
    if (!this.#held && !this.ended) this.discard()
  }

  discard(): void {
    this.#kept = undefined
    this.#held = false
    this.#reader = undefined
    this.#start()
    this.#request.resume()
  }

  #start(): void {
    if (this.#started) return
    this.#started = true
    this.#request.on('data', chunk => this.#take(chunk as Buffer))
    this.#request.on('end', () => this.#end())
    if (this.#held) this.#request.pause()
  }

  #take(chunk: Buffer): void {
    this.received += chunk.length
    if (this.#kept && this.received <= smallBody) this.#kept.push(chunk)
    else this.#kept = undefined
    if (!this.#reader || this.#reader.push(chunk)) return
    this.wanted = false
    this.#request.pause()
  }

  #end(): void {
    this.ended = true
    this.#reader?.push(null)
  }
}

class Reader extends Readable {
  readonly #upload: Upload

  constructor(upload: Upload) {
    super()
    this.#upload = upload
  }

  override _read(): void {
    this.#upload.pull()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#upload.leave(this)
    done(error)
  }
}
