// One exchange: a client's request, what happens to it, and its end. Every step reads it.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { asHallpassError, type HallpassError } from '../errors/hallpass-error.ts'
import type { Recordable } from '../journal/journal.ts'
import type { ExchangeRecord } from '../journal/record.ts'
import type { Bearer } from '../terms/bearer.ts'
import type { RefusalEvidence } from '../terms/evidence.ts'
import type { Interaction } from '../terms/interaction.ts'
import type { Route } from '../terms/route.ts'
import { ClientPace } from './client-pace.ts'
import type { FieldTally } from './fields.ts'
import { classify } from './interaction.ts'
import type { ProxyParts } from './parts.ts'
import { writeRecord } from './record.ts'
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

export class Exchange implements Recordable {
  readonly id: string
  readonly parts: ProxyParts
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly caller: Caller
  readonly route: Route
  /** Path and query at the origin. */
  readonly target: string
  readonly upload: Upload | undefined
  readonly tally: FieldTally
  bearer: Bearer | undefined
  attempt: Attempt | undefined
  /** Made when the client has to be waited for. */
  #pace: ClientPace | undefined
  /** Ends a wait for a token when the client leaves. */
  waiting: AbortController | undefined
  /** How often the request went to the origin. */
  sent = 0
  /** Status of the answer that the client gets, once it is known. */
  status = 0
  by: ExchangeRecord['by'] = 'nobody'
  error: HallpassError | undefined
  evidence: RefusalEvidence | undefined
  /** Bytes of the answer's body that went to the client. */
  bytesOut = 0
  /** When the request came: milliseconds since the epoch. */
  readonly time: number
  /** Milliseconds on the process's own clock; 0 when it did not come to that. */
  readonly startedAt = performance.now()
  tokenAt = 0
  headAt = 0
  #interaction: Interaction | undefined
  /** Nothing more happens: the answer is out whole, or was cut, or the client has gone. */
  over = false
  /** Where it stands among the live exchanges. */
  place = 0

  constructor(parts: ProxyParts, request: IncomingMessage, response: ServerResponse, caller: Caller, route: Route, target: string) {
    this.parts = parts
    this.request = request
    this.response = response
    this.caller = caller
    this.route = route
    this.target = target
    this.id = parts.journal.nextId()
    this.tally = { dropped: 0, ownAuthorization: false, otherLoopbackUrls: 0, note: parts.journal.dropped }
    this.time = parts.clock.now()
    this.upload = caller.hasBody ? new Upload(request) : undefined
    ;(response as Carrying)[carried] = this
    response.on('close', clientGone)
  }

  /** What the request does, in the service's terms. */
  get interaction(): Interaction {
    const { route, request } = this
    this.#interaction ??= classify(route.kind, request.method ?? '', (request.url ?? '').slice(route.prefix.length))
    return this.#interaction
  }

  get pace(): ClientPace {
    this.#pace ??= new ClientPace(this)
    return this.#pace
  }

  /** The answer went out whole, but for these last bytes. */
  finish(last?: Buffer): void {
    if (this.over) return
    this.over = true
    if (last && last.length > 0) {
      this.bytesOut += last.length
      this.response.end(last)
    } else this.response.end()
    this.#end()
  }

  /** Answers the client with an error of ours, or cuts the connection when another answer has begun; the origin's side is aborted. */
  fail(thrown: unknown): void {
    if (this.over) return
    this.over = true
    this.attempt?.abort()
    this.error = asHallpassError(thrown)
    if (!this.response.headersSent) {
      this.status = this.error.entry.status
      this.by = 'hallpass'
      // It explains an answer that nobody gets, and may hold the token that this answer repeated.
      this.evidence = undefined
    }
    refuse(this.parts, this, this.error)
    this.#end()
  }

  /** The client closed its connection. */
  leave(): void {
    if (this.over) return
    this.over = true
    this.waiting?.abort()
    this.attempt?.abort()
    this.#leaveLive()
  }

  record(into: ExchangeRecord): void {
    writeRecord(this, into)
  }

  #end(): void {
    this.#leaveLive()
    this.#letUploadEnd()
  }

  #leaveLive(): void {
    this.#pace?.end()
    this.parts.live.remove(this)
    this.parts.journal.add(this)
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
