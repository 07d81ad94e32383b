// Brings the origin's answer to the client: its fields chosen, the answer steps run, the head out.
import { HallpassError } from '../errors/hallpass-error.ts'
import { answerFields } from './answer-fields.ts'
import { fieldsWithout, isSmallBody } from './connection-fields.ts'
import { Delivery } from './delivery.ts'
import { collectEvidence } from './evidence.ts'
import type { Exchange } from './exchange.ts'
import type { Forwarding } from './forward.ts'
import { serverTiming } from './server-timing.ts'
import type { Answer } from './steps.ts'

/** Starts the answer; its body follows by the attempt. Throws what an answer step refuses with. */
export function startAnswer(exchange: Exchange, attempt: Forwarding, status: number, rawFields: readonly Buffer[]): void {
  const { answerSteps } = exchange.parts
  if (status > 599) throw new HallpassError('origin-broken', { prefix: exchange.route.prefix, why: 'its status code is none' })
  const fields = answerFields(rawFields, { shared: exchange.caller.shared, cache: exchange.route.cache, prefix: exchange.route.prefix })
  fields.push('Server-Timing', serverTiming(exchange))
  exchange.status = status
  exchange.by = 'service'
  const refused = status === 401 || status === 403
  if (answerSteps.length === 0 && !refused) {
    exchange.response.writeHead(status, fields)
    return
  }
  const answer: Answer = { status, fields, hasBody: hasBody(exchange, status), through: [], rewrites: [], watches: [] }
  if (refused) collectEvidence(answer, exchange)
  for (const step of answerSteps) step(answer, exchange)
  deliver(exchange, attempt, answer)
}

function deliver(exchange: Exchange, attempt: Forwarding, answer: Answer): void {
  const { through, rewrites, watches } = answer
  const changes = through.length + rewrites.length
  if (!answer.hasBody || changes + watches.length === 0) {
    exchange.response.writeHead(answer.status, answer.fields)
    return
  }
  const whole = changes > 0 && through.length === 0 && isSmallBody(answer.fields)
  if (changes > 0) answer.fields = fieldsWithout(answer.fields, 'content-length')
  attempt.delivery = new Delivery(exchange, answer, whole, () => attempt.resume())
}

function hasBody({ request }: Exchange, status: number): boolean {
  return request.method !== 'HEAD' && status !== 204 && status !== 304
}
