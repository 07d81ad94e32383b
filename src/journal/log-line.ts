// One event or exchange as a line of JSON, by an allow-list of fields; redaction is the last net.
import { redact } from '../terms/redaction.ts'
import type { Event } from './events.ts'
import type { ExchangeRecord } from './record.ts'

const exchangeFields = [
  ...['id', 'route', 'kind', 'profile', 'method', 'interaction', 'template', 'status', 'by', 'error', 'bytesIn', 'bytesOut'],
  ...['waitingMs', 'originMs', 'totalMs', 'sent', 'droppedFields', 'ownAuthorization', 'otherLoopbackUrls'],
] as const satisfies readonly (keyof ExchangeRecord)[]

/** A sign-in's link is for the person who reads along, and for nobody who reads later: it is not among them. */
const eventFields = [
  ...['profile', 'opened', 'code', 'summary', 'remedy', 'audience', 'changes', 'afterRestart', 'status', 'method', 'route', 'count'],
] as const

/** A line with its line break; `time` in milliseconds since the epoch. `live` is for a stream that a person reads while it happens. */
export function logLine(event: Event, time: number, live = false): string {
  if (event.event === 'exchange') return line(event.record.time, event.event, event.record, exchangeFields)
  return line(time, event.event, event, live ? [...eventFields, 'link'] : eventFields)
}

function line(time: number, event: string, from: object, fields: readonly string[]): string {
  const values = from as Readonly<Record<string, unknown>>
  const told = Object.fromEntries(
    fields.filter(field => values[field] !== undefined && values[field] !== '').map(field => [field, values[field]]),
  )
  // Value by value: beside its name, an error's code would look like an authorization code.
  const clean = (_name: string, value: unknown) => (typeof value === 'string' ? redact(value) : value)
  return `${JSON.stringify({ time: new Date(time).toISOString(), event, ...told }, clean)}\n`
}
