// Reads the Prefer field (RFC 7240) as FHIR and the Azure service use it.
import { refuse } from './refusal.ts'

export type Preferences = {
  handling?: 'strict' | 'lenient'
  return?: 'minimal' | 'representation' | 'operationoutcome'
  respondAsync: boolean
}

const handlings = { strict: 'Strict', lenient: 'Lenient' } as const
const returns = { minimal: 'Minimal', representation: 'Representation', operationoutcome: 'OperationOutcome' } as const

/** @throws Refusal 400 for a value of `handling` or `return` that there is not; other preferences are nothing to us. */
export function readPreferences(field: string | undefined): Preferences {
  const preferences: Preferences = { respondAsync: false }
  for (const preference of (field ?? '').split(/[,;]/)) {
    const [name = '', value = ''] = preference.split('=', 2).map(part => part.trim())
    if (/^respond-async$/i.test(name)) preferences.respondAsync = true
    if (/^handling$/i.test(name)) preferences.handling = oneOf(handlings, value, 'handling')
    if (/^return$/i.test(name)) preferences.return = oneOf(returns, value, 'returnPreference')
  }
  return preferences
}

function oneOf<T extends Record<string, string>>(values: T, value: string, name: string): keyof T {
  const key = value.toLowerCase()
  if (Object.hasOwn(values, key)) return key
  throw refuse(400, 'invalid', `The '${name}' value '${value}' is invalid. The supported values are: ${Object.values(values).join(',')}.`)
}
