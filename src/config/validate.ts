// Holds a parsed configuration against its definition and says what is wrong in words a person would use.

import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { type ConfigDocument, configSchema } from './schema.ts'

/** A fault of the configuration: where it is (`offset` in the text when the path alone does not tell), what it is, what to do. */
export type Fault = { path: (string | number)[]; what: string; fix: string; atKey?: boolean; offset?: number }

const compiled = Compile(configSchema)

/** The first fault of the document against its definition, or undefined. */
export function findFault(document: unknown): Fault | undefined {
  if (compiled.Check(document)) return undefined
  // A misspelt key is missing under its right name as well: what stands there comes first.
  const errors = compiled
    .Errors(document)
    .toSorted((a, b) => Number(b.keyword === 'additionalProperties') - Number(a.keyword === 'additionalProperties'))
  const faults = errors.map(error => describe(error))
  return (
    faults.find(fault => fault !== undefined) ?? {
      path: [],
      what: 'it is not a configuration',
      fix: 'Write an object with "profiles" and "routes".',
    }
  )
}

/** The document, once `findFault` found none. */
export function asConfigDocument(document: unknown): ConfigDocument {
  return compiled.Parse(document) as ConfigDocument
}

function describe(error: TLocalizedValidationError): Fault | undefined {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer)
  const params = error.params as Record<string, unknown>
  switch (error.keyword) {
    case 'additionalProperties': {
      const [unknown] = params.additionalProperties as string[]
      const known = knownKeys(path)
      const nearest = nearestOf(String(unknown), known)
      return {
        path: [...path, String(unknown)],
        atKey: true,
        what: `unknown key "${unknown}"`,
        fix: nearest ? `Did you mean "${nearest}"?` : `Known keys here: ${known.join(', ')}.`,
      }
    }
    case 'required': {
      const [missing] = params.requiredProperties as string[]
      return { path, what: `"${missing}" is missing${path.length ? ` in "${path.join('.')}"` : ''}`, fix: `Add "${missing}".` }
    }
    case 'enum':
      return { path, what: `"${path.at(-1)}" must be one of ${(params.allowedValues as string[]).join(', ')}`, fix: 'Choose one of these.' }
    case 'boolean':
      return undefined
    default:
      return { path, what: `"${path.join('.') || 'the whole'}" ${error.message}`, fix: 'Correct the value.' }
  }
}

function knownKeys(path: readonly string[]): string[] {
  const [section] = path
  if (path.length === 0) return Object.keys(configSchema.properties)
  const record = section === 'profiles' ? configSchema.properties.profiles : configSchema.properties.routes
  const [entry] = Object.values(record.patternProperties) as { properties: object }[]
  return Object.keys(entry?.properties ?? {})
}

function unescapePointer(segment: string): string {
  return segment.replace(/~1/g, '/').replace(/~0/g, '~')
}

/** The candidate nearest to a misspelt word, when one is near enough (at most a third of its letters differ). */
export function nearestOf(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates.map(name => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }))
  ranked.sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best && best.distance <= Math.max(1, Math.floor(best.name.length / 3)) ? best.name : undefined
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, substitution))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
