// Writes an exchange into the journal: what is on the record's list, and nothing of what passed.
import type { ExchangeRecord } from '../journal/record.ts'
import { labelOf } from '../terms/interaction.ts'
import type { Exchange } from './exchange.ts'

export function writeRecord(exchange: Exchange, into: ExchangeRecord): void {
  const { route, request, interaction, tally, startedAt, tokenAt, headAt } = exchange
  into.id = exchange.id
  into.time = exchange.time
  into.route = route.prefix
  into.kind = route.kind
  into.profile = route.profile
  into.method = request.method ?? ''
  into.interaction = labelOf(interaction)
  into.template = interaction.template
  into.status = exchange.status
  into.by = exchange.by
  into.error = exchange.error?.code ?? ''
  into.summary = exchange.error?.summary ?? ''
  into.remedy = exchange.error?.remedy ?? ''
  into.bytesIn = exchange.upload?.received ?? 0
  into.bytesOut = exchange.bytesOut
  into.waitingMs = tenths(tokenAt > 0 ? tokenAt - startedAt : 0)
  into.originMs = tenths(headAt > 0 ? headAt - (tokenAt || startedAt) : 0)
  into.totalMs = tenths(performance.now() - startedAt)
  into.sent = exchange.sent
  into.droppedFields = tally.dropped
  into.ownAuthorization = tally.ownAuthorization
  into.otherLoopbackUrls = tally.otherLoopbackUrls
  into.evidence = exchange.evidence
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
