// Builds what goes to the origin: target, chosen fields, body, the bearer last.
import { pipeline, type Readable } from 'node:stream'
import { HallpassError } from '../errors/hallpass-error.ts'
import { fieldsWithout } from './connection-fields.ts'
import type { Exchange } from './exchange.ts'
import { chooseFields } from './fields.ts'
import type { Outgoing } from './steps.ts'

/** A request as undici takes it. */
export type Sending = { path: string; fields: string[]; body: Readable | null }

/** Runs the request steps and opens the body. Throws what a step refuses with. */
export function buildSending(exchange: Exchange): Sending {
  const { request, caller, target, upload, parts, bearer } = exchange
  const tally = exchange.attempt ? undefined : exchange.tally
  if (!bearer) throw new HallpassError('internal', { what: 'a request without a token' })
  if (parts.requestSteps.length === 0)
    return { path: target, fields: chooseFields(request.rawHeaders, bearer, tally), body: upload?.open() ?? null }
  const fields = chooseFields(request.rawHeaders, undefined, tally)
  const outgoing: Outgoing = { target, fields, hasBody: caller.hasBody, through: [] }
  for (const step of parts.requestSteps) step(outgoing, exchange)
  const { through } = outgoing
  const chosen = through.length > 0 ? fieldsWithout(outgoing.fields, 'content-length') : outgoing.fields
  chosen.push('authorization', `Bearer ${bearer.reveal()}`)
  return { path: outgoing.target, fields: chosen, body: upload ? passThrough(upload.open(), through) : null }
}

/** An error of any of the streams ends all of them, and reaches whoever reads the last. */
function passThrough(source: Readable, through: Outgoing['through']): Readable {
  if (through.length === 0) return source
  return pipeline([source, ...through], () => undefined) as unknown as Readable
}
