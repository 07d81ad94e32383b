// Reads the instants that parameters such as _since name.
import { refuse } from './refusal.ts'

/** An instant, or the first one of a year, month or day. @throws Refusal 400 for anything else. */
export function asInstant(name: string, value: string): string {
  const form = /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/
  // A plus that was not encoded arrives as a space.
  const text = value.replace(' ', '+')
  const instant = Date.parse(text)
  if (!form.test(text) || Number.isNaN(instant)) throw refuse(400, 'invalid', `The value '${value}' of ${name} is no instant.`)
  return new Date(instant).toISOString()
}
