// The two places where an exchange can be changed on its way: a request step before the origin sees it, an answer step before the client does.
import type { Duplex } from 'node:stream'
import type { Exchange } from './exchange.ts'

/** What goes to the origin. A request step may change every part; the bearer is added after the last one. */
export type Outgoing = {
  /** Path and query at the origin. */
  target: string
  /** Flat list of chosen fields: name in small letters, value, name, value, … */
  fields: string[]
  /** True when the client sends a body. */
  readonly hasBody: boolean
  /**
   * Streams through which the client's body passes, in this order; Content-Length is dropped when there are any. One that fails with a
   * HallpassError refuses the request: the origin's side is aborted before the body's end, and the client gets the error.
   */
  through: Duplex[]
  /**
   * Change the client's body after `through`, without the cost of a stream. A body that is announced with at most 64 KiB, and passes through
   * nothing else, is read as a whole before the origin hears of the request, and its Content-Length computed anew.
   */
  rewrites: BodyRewrite[]
}

/**
 * Looks at a request, and may change it; throws a HallpassError to refuse it. It runs again, with fresh fields, when the request is sent a
 * second time, so that it may keep nothing from one run to the next.
 */
export type RequestStep = (outgoing: Outgoing, exchange: Exchange) => void

/** What goes to the client. An answer step may change every part but the status. */
export type Answer = {
  readonly status: number
  /** Flat list of fields as the client will get them, in the service's spelling. */
  fields: string[]
  /** False for HEAD, 204 and 304: nothing follows, whatever the fields say. */
  readonly hasBody: boolean
  /**
   * Streams through which the origin's body passes, in this order; Content-Length is dropped when there are any. The head waits for the
   * first byte that comes out, so that one that fails with a HallpassError before is answered with that error; after it, the connection is cut.
   */
  through: Duplex[]
  /**
   * Change the body after `through`, without the cost of a stream. One that is announced with at most 64 KiB, and passes through nothing else,
   * goes out as a whole with its Content-Length computed anew.
   */
  rewrites: BodyRewrite[]
  /** Look at the origin's bytes as they come, before any of `through`. */
  watches: BodyWatch[]
}

/** Looks at an answer before its head is out, and may change it; throws a HallpassError to answer with that instead. */
export type AnswerStep = (answer: Answer, exchange: Exchange) => void

/** Sees the bytes of a body without the cost of a stream. */
export interface BodyWatch {
  /**
   * One chunk, as it came. False keeps it back, with the head if that is not out; true lets it go with all that was kept back, which must be
   * little: nobody slows the origin meanwhile. Throws a HallpassError to answer with that, or to cut the connection when the head is out.
   */
  see(chunk: Buffer): boolean
  /** The body is over; what was kept back goes out after this. May throw like `see`. */
  end?(): void
}

/** Changes the bytes of a body as they pass. Both throw a HallpassError to refuse them. */
export interface BodyRewrite {
  /** What can go on of what has come so far; may be empty. */
  push(chunk: Buffer): Buffer
  /** What was held back for what might have followed. */
  end(): Buffer
}
