// Holds a parsed configuration against its definition and says what is wrong in words a person would use.

import type { TLocalizedValidationError } from 'typebox/error'
import { Compile } from 'typebox/schema'
import { Settings as TypeBoxSettings } from 'typebox/system'
import { type Fault, placeName, quoted } from './fault.ts'
import { adviceOnForeignKey } from './foreign-keys.ts'
import { nearestOf } from './nearest.ts'
import { type ConfigDocument, configSchema } from './schema.ts'

const compiled = Compile(configSchema)

/** True for a document that has the shape of a configuration. */
export function isConfigDocument(document: unknown): document is ConfigDocument {
  return compiled.Check(document)
}

/** What is wrong with the shape of a document: unknown keys, missing ones, values of the wrong kind. */
export function findShapeFaults(document: unknown): Fault[] {
  if (isConfigDocument(document)) return []
  // By default the list ends after eight, and a misspelt key may stand behind eight others.
  TypeBoxSettings.Set({ maxErrors: 256 })
  const [, errors] = compiled.Errors(document)
  const unknown = errors.filter(({ keyword }) => keyword === 'additionalProperties').flatMap(describeUnknown)
  const misspelt = new Set(unknown.map(({ key }) => key))
  const others = errors.flatMap(error => describe(error, misspelt))
  const faults: Fault[] = [...unknown.map(({ fault }) => fault), ...others]
  return faults.length > 0
    ? faults
    : [{ path: [], what: 'it is not a configuration', fix: 'Write an object with "profiles" and "routes".' }]
}

/** The unknown keys of one object, each with the known key (`key`, with its path) that it was probably meant to be. */
function describeUnknown(error: TLocalizedValidationError): { fault: Fault; key: string }[] {
  const path = pathOf(error)
  const known = knownKeys(path)
  return (error.params as { additionalProperties: string[] }).additionalProperties.map(name => {
    const nearest = nearestOf(name, known)
    const advice = adviceOnForeignKey(name) ?? (nearest ? `Did you mean "${nearest}"?` : `Known keys here: ${known.join(', ')}.`)
    return {
      fault: { path: [...path, name], atKey: true, what: `unknown key ${quoted(name)}`, fix: advice },
      key: JSON.stringify([...path, nearest]),
    }
  })
}

function describe(error: TLocalizedValidationError, misspelt: ReadonlySet<string>): Fault[] {
  const path = pathOf(error)
  const name = path.length > 0 ? quoted(String(path.at(-1))) : 'the whole'
  const params = error.params as Record<string, unknown>
  switch (error.keyword) {
    case 'additionalProperties':
    case 'boolean':
      return []
    case 'required':
      return (params.requiredProperties as string[])
        .filter(key => !misspelt.has(JSON.stringify([...path, key])))
        .map(key => ({ path, what: `"${key}" is missing${path.length ? ` in "${placeName(path)}"` : ''}`, fix: `Add "${key}".` }))
    case 'enum':
      return [{ path, what: `${name} must be one of ${(params.allowedValues as string[]).join(', ')}`, fix: 'Choose one of these.' }]
    case 'anyOf':
      return [{ path, what: `${name} must be a text, or a list of texts`, fix: 'Correct the value.' }]
    case 'type':
      if (error.schemaPath.includes('/anyOf/')) return []
      return Array.isArray(enumAt(path)) ? [] : [{ path, what: `${name} must be ${kinds[String(params.type)]}`, fix: 'Correct the value.' }]
    case 'minLength':
    case 'minItems':
      return [{ path, what: `${name} is empty`, fix: 'Write a value, or leave it out.' }]
    default:
      return [{ path, what: `${name} ${error.message}`, fix: 'Correct the value.' }]
  }
}

const kinds: Readonly<Record<string, string>> = {
  object: 'an object: { … }',
  array: 'a list: [ … ]',
  string: 'a text in quotes',
  integer: 'a whole number, without quotes',
  boolean: 'true or false',
}

function pathOf({ instancePath }: TLocalizedValidationError): string[] {
  return instancePath
    .split('/')
    .slice(1)
    .map(segment => segment.replace(/~1/g, '/').replace(/~0/g, '~'))
}

type Node = { properties?: Record<string, Node>; patternProperties?: Record<string, Node>; enum?: unknown }

/** The definition at a path. */
function definitionAt(path: readonly string[]): Node | undefined {
  return path.reduce<Node | undefined>(
    (node, key) =>
      node?.properties && Object.hasOwn(node.properties, key) ? node.properties[key] : Object.values(node?.patternProperties ?? {})[0],
    configSchema as Node,
  )
}

/** A choice of the wrong kind is reported as a choice. */
function enumAt(path: readonly string[]): unknown {
  return definitionAt(path)?.enum
}

function knownKeys(path: readonly string[]): string[] {
  return Object.keys(definitionAt(path)?.properties ?? {})
}
