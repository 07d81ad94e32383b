// Builds what goes to the origin: target, chosen fields, body, the bearer last.
import { pipeline, Readable } from 'node:stream'
import { HallpassError } from '../errors/hallpass-error.ts'
import { fieldsWithout, isSmallBody } from './connection-fields.ts'
import type { Exchange } from './exchange.ts'
import { chooseFields } from './fields.ts'
import { rewriteWhole, rewritingStream } from './rewriting.ts'
import type { BodyRewrite, Outgoing } from './steps.ts'

/** A request as undici takes it. */
export type Sending = {
  path: string
  fields: string[]
  body: Readable | Buffer | null
  /** Not empty: the body is to be read as a whole and changed by these first. */
  wholeBy: readonly BodyRewrite[]
}

/** Runs the request steps and opens the body. Throws what a step refuses with. */
export function buildSending(exchange: Exchange): Sending {
  const { request, caller, target, upload, parts, bearer } = exchange
  const tally = exchange.attempt ? undefined : exchange.tally
  const more = parts.forwardFields.get(exchange.route.prefix)
  if (!bearer) throw new HallpassError('internal', { what: 'a request without a token' })
  if (parts.requestSteps.length === 0)
    return { path: target, fields: chooseFields(request.rawHeaders, bearer, tally, more), body: upload?.open() ?? null, wholeBy: [] }
  const fields = chooseFields(request.rawHeaders, undefined, tally, more)
  const outgoing: Outgoing = { target, fields, hasBody: caller.hasBody, through: [], rewrites: [] }
  for (const step of parts.requestSteps) step(outgoing, exchange)
  const { through, rewrites } = outgoing
  const whole = rewrites.length > 0 && through.length === 0 && isSmallBody(outgoing.fields)
  const chosen = through.length + rewrites.length > 0 ? fieldsWithout(outgoing.fields, 'content-length') : outgoing.fields
  chosen.push('authorization', `Bearer ${bearer.reveal()}`)
  const streams = whole || rewrites.length === 0 ? through : [...through, rewritingStream(rewrites)]
  const body = upload ? passThrough(upload.open(), streams) : null
  return { path: outgoing.target, fields: chosen, body, wholeBy: whole ? rewrites : [] }
}

/** Reads and changes a body that is to be sent as a whole; calls `then` at once when it is not. Content-Length is set from its size. */
export function readWhole(exchange: Exchange, sending: Sending, then: (sending: Sending) => void): void {
  const { body, wholeBy } = sending
  if (wholeBy.length === 0 || !(body instanceof Readable)) return then(sending)
  const chunks: Buffer[] = []
  body
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('end', () => {
      if (exchange.over) return
      try {
        then({ ...sending, body: rewriteWhole(wholeBy, Buffer.concat(chunks)) })
      } catch (error) {
        exchange.fail(error)
      }
    })
}

/** An error of any of the streams ends all of them, and reaches whoever reads the last. */
function passThrough(source: Readable, through: Outgoing['through']): Readable {
  if (through.length === 0) return source
  return pipeline([source, ...through], () => undefined) as unknown as Readable
}
