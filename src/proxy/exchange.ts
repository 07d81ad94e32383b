// One exchange: a client's request, what happens to it, and its end. Every step reads it.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { asHallpassError } from '../errors/hallpass-error.ts'
import type { Bearer } from '../terms/bearer.ts'
import type { Route } from '../terms/route.ts'
import type { FieldTally } from './fields.ts'
import type { ProxyParts } from './parts.ts'
import { refuse } from './refuse.ts'
import { Upload } from './upload.ts'

/** What the guard found out about the request. */
export type Caller = {
  /** A person's browser going to this address, as opposed to a program. */
  navigating: boolean
  hasBody: boolean
  /** The client holds its body back until it gets `100 Continue` (RFC 9110 section 10.1.1). */
  expectsContinue: boolean
  /** Fields that every answer carries because of who asked. */
  shared: Readonly<Record<string, string>> | undefined
  /** The Host field, which the guard has let pass; empty without one. */
  host: string
}

/** Sending the request to the origin once. */
export interface Attempt {
  /** Ends it; nothing of it reaches the client any more. */
  abort(): void
  /** The client takes more. */
  clientReady(): void
}

const carried = Symbol('exchange')
type Carrying = ServerResponse & { [carried]?: Exchange }

/** Milliseconds in which a client may go on sending a body that nobody wants, so that it gets to read its answer. */
const lingerMs = 30_000

export class Exchange {
  readonly parts: ProxyParts
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly caller: Caller
  readonly route: Route
  /** Path and query at the origin. */
  readonly target: string
  readonly upload: Upload | undefined
  readonly tally: FieldTally = { dropped: 0, ownAuthorization: false, otherLoopbackUrls: 0 }
  bearer: Bearer | undefined
  attempt: Attempt | undefined
  /** Ends a wait for a token when the client leaves. */
  waiting: AbortController | undefined
  /** Nothing more happens: the answer is out whole, or was cut, or the client has gone. */
  over = false

  constructor(parts: ProxyParts, request: IncomingMessage, response: ServerResponse, caller: Caller, route: Route, target: string) {
    this.parts = parts
    this.request = request
    this.response = response
    this.caller = caller
    this.route = route
    this.target = target
    this.upload = caller.hasBody ? new Upload(request) : undefined
    ;(response as Carrying)[carried] = this
    response.on('close', clientGone)
    response.on('drain', clientReady)
  }

  /** The answer went out whole, but for these last bytes. */
  finish(last?: Buffer): void {
    if (this.over) return
    this.over = true
    if (last && last.length > 0) this.response.end(last)
    else this.response.end()
    this.#letUploadEnd()
  }

  /** Answers the client with an error of ours, or cuts the connection when another answer has begun; the origin's side is aborted. */
  fail(thrown: unknown): void {
    if (this.over) return
    this.over = true
    this.attempt?.abort()
    refuse(this.parts, this, asHallpassError(thrown))
    this.#letUploadEnd()
  }

  /** The client closed its connection. */
  leave(): void {
    if (this.over) return
    this.over = true
    this.waiting?.abort()
    this.attempt?.abort()
  }

  #letUploadEnd(): void {
    const { upload, request, parts } = this
    if (!upload || upload.ended || request.destroyed) return
    upload.discard()
    const timer = parts.clock.after(lingerMs, () => request.destroy())
    request.once('close', () => timer.cancel())
  }
}

/** One listener for all responses: no closure is made for a request. */
function clientGone(this: ServerResponse): void {
  ;(this as Carrying)[carried]?.leave()
}

function clientReady(this: ServerResponse): void {
  ;(this as Carrying)[carried]?.attempt?.clientReady()
}
