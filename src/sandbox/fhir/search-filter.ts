// Compiles one search criterion, such as `subject:Patient.name=Ex` or `_has:Observation:patient:code=8867-4`, to a test of resources.
import type { Reference, Resource, SearchParameter } from '@medplum/fhirtypes'
import {
  evalFhirPathTyped,
  type FhirPathAtom,
  getSearchParameters,
  parseFhirPath,
  splitSearchOnComma,
  type TypedValue,
  toTypedValue,
} from './medplum.ts'
import { refuse } from './refusal.ts'
import { matchDate, matchNumber, matchReference, matchString, matchToken, matchUri } from './search-values.ts'

export type Predicate = (resource: Resource) => boolean

/** What chained criteria ask of the store. */
export type Lookup = { current(reference: string): Resource | undefined; all(type: string): Resource[] }

const modifiersOf: Record<string, string[]> = { string: ['exact', 'contains'], token: ['not', 'text'] }
const parsed = new Map<string, FhirPathAtom>()

/**
 * @param name - The parameter's name as the client wrote it, with modifiers and chains.
 * @returns Whether a resource of the type fulfils the criterion.
 * @throws Refusal 400 for a parameter that the type does not have, a modifier that the parameter does not take, a malformed value.
 */
export function compileFilter(type: string, name: string, value: string, lookup: Lookup): Predicate {
  if (name.startsWith('_has:')) return compileReverseChain(name, value, lookup)
  const dot = name.indexOf('.')
  if (dot > 0) return compileChain(type, name.slice(0, dot), name.slice(dot + 1), value, lookup)
  const [code = '', modifier = ''] = name.split(':')
  return compileCriterion(type, parameterOf(type, code), modifier, value)
}

/** Whether the type has the parameter that the name begins with. */
export function isSupported(type: string, name: string): boolean {
  if (name.startsWith('_has:')) return /^_has:[A-Z]\w+:[\w-]+:.+$/.test(name)
  return findParameter(type, /^[^:.]*/.exec(name)?.[0] ?? '') !== undefined
}

function findParameter(type: string, code: string): SearchParameter | undefined {
  const parameters = getSearchParameters(type)
  return parameters !== undefined && Object.hasOwn(parameters, code) ? parameters[code] : undefined
}

/** What a parameter's expression finds in a resource. */
export function valuesOf(parameter: SearchParameter, resource: Resource): TypedValue[] {
  const expression = parameter.expression ?? ''
  const atom = parsed.get(expression) ?? parseFhirPath(expression)
  parsed.set(expression, atom)
  return evalFhirPathTyped(atom, [toTypedValue(resource)])
}

/** The type's parameter of that code. @throws Refusal 400 when there is none. */
export function parameterOf(type: string, code: string): SearchParameter {
  const parameter = findParameter(type, code)
  if (parameter === undefined) throw refuse(400, 'not-supported', notSupported(type, code))
  return parameter
}

export function notSupported(type: string, name: string): string {
  return `The search parameter '${name}' is not supported for resource type '${type}'.`
}

function compileCriterion(type: string, parameter: SearchParameter, modifier: string, value: string): Predicate {
  if (modifier === 'missing') return compileMissing(parameter, value)
  const targetType = parameter.type === 'reference' && /^[A-Z]\w+$/.test(modifier) ? modifier : undefined
  if (modifier !== '' && targetType === undefined && !modifiersOf[parameter.type]?.includes(modifier))
    throw refuse(400, 'not-supported', `Modifier '${modifier}' is not supported for search parameter '${parameter.code}'.`)
  const alternatives = splitSearchOnComma(value).map(one =>
    matchValue(type, parameter, modifier, targetType ? `${targetType}/${one}` : one),
  )
  const matches: Predicate = resource => valuesOf(parameter, resource).some(found => alternatives.some(match => match(found)))
  return modifier === 'not' ? resource => !matches(resource) : matches
}

function matchValue(type: string, parameter: SearchParameter, modifier: string, value: string): (found: TypedValue) => boolean {
  switch (parameter.type) {
    case 'string':
      return matchString(value, modifier)
    case 'token':
      return matchToken(value, modifier)
    case 'reference':
      return matchReference(value)
    case 'date':
      return matchDate(value)
    case 'number':
    case 'quantity':
      return matchNumber(value)
    case 'uri':
      return matchUri(value)
    default:
      throw refuse(400, 'not-supported', notSupported(type, parameter.code))
  }
}

function compileMissing(parameter: SearchParameter, value: string): Predicate {
  if (value !== 'true' && value !== 'false') throw refuse(400, 'invalid', `Malformed search value '${value}'.`)
  return resource => (valuesOf(parameter, resource).length === 0) === (value === 'true')
}

function compileChain(type: string, link: string, rest: string, value: string, lookup: Lookup): Predicate {
  const [code = '', named] = link.split(':')
  const parameter = parameterOf(type, code)
  const targets = named === undefined ? (parameter.target ?? []) : [named]
  const [target] = targets
  if (parameter.type !== 'reference' || target === undefined || targets.length > 1)
    throw refuse(400, 'not-supported', `The chained parameter must name one resource type, as in '${code}:${target ?? 'Patient'}.${rest}'.`)
  const fulfils = compileFilter(target, rest, value, lookup)
  return resource =>
    referencesOf(parameter, resource).some(reference => {
      const found = reference.startsWith(`${target}/`) ? lookup.current(reference) : undefined
      return found !== undefined && fulfils(found)
    })
}

function compileReverseChain(name: string, value: string, lookup: Lookup): Predicate {
  const [, type = '', code = '', ...rest] = name.split(':')
  const parameter = parameterOf(type, code)
  const fulfils = compileFilter(type, rest.join(':'), value, lookup)
  const referenced = new Set(lookup.all(type).flatMap(resource => (fulfils(resource) ? referencesOf(parameter, resource) : [])))
  return resource => referenced.has(`${resource.resourceType}/${resource.id}`)
}

/** The references that a parameter finds in a resource. */
export function referencesOf(parameter: SearchParameter, resource: Resource): string[] {
  return valuesOf(parameter, resource).flatMap(({ value }) => (value as Reference | undefined)?.reference ?? [])
}
