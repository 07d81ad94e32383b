// Reads the parameters of a QIDO-RS search (PS3.18, 10.6; conformance statement v2 of the Azure service).
import { findTag, type Level, searchable, type Tag } from './attributes.ts'
import { compileMatch, type Match, type Path } from './query-match.ts'
import { Refusal } from './refusal.ts'

export type Query = {
  /** By the path of the attribute that must match, its tags joined by dots. */
  matches: Map<string, Match>
  includeAll: boolean
  includeFields: Set<Tag>
  limit: number
  offset: number
}

const defaultLimit = 100
const maxLimit = 200

/** Finds the attribute that a parameter names. @throws Refusal 400 when there is none, or none that can be searched for. */
export type Resolve = (name: string) => Path

/** @throws Refusal 400, whose text says what is wrong with the query. */
export function readQuery(parameters: URLSearchParams, resolve: Resolve): Query {
  if ([...parameters].some(([name, value]) => `${name}${value}`.includes('<')))
    throw new Refusal(400, 'The query string included invalid characters.')
  const fuzzy = readFuzzy(single(parameters, 'fuzzymatching'))
  const query: Query = {
    matches: new Map(),
    ...readIncludeFields(parameters.getAll('includefield')),
    limit: readLimit(single(parameters, 'limit')),
    offset: readNumber(single(parameters, 'offset') ?? '0', 'offset'),
  }
  for (const [name, value] of parameters) {
    if (['fuzzymatching', 'includefield', 'limit', 'offset'].includes(name)) continue
    const path = resolve(name)
    const key = path.join('.')
    if (query.matches.has(key))
      throw new Refusal(
        400,
        `Invalid query: attribute '${name}' has been specified more than once using different ID formats. Each attribute is only allowed to be specified once.`,
      )
    query.matches.set(key, compileMatch(path, name, value, fuzzy))
  }
  return query
}

function single(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name)
  if (values.length > 1) throw new Refusal(400, `The query parameter '${name}' is invalid. Cannot specify parameter more than once.`)
  return values[0]
}

const listed = 'The conformance statement has a list of supported query parameters, attributes and the levels.'

/** For searches of studies, series and instances. @param levels - The levels whose attributes can be searched for. */
export function resolveAt(levels: Level[]): Resolve {
  return name => {
    const attribute = findTag(name)
    if (attribute === undefined) throw unknownParameter(name)
    if (levels.some(level => searchable[level].has(attribute))) return [attribute]
    throw new Refusal(
      400,
      `Invalid query: AttributeId ${name} is not queryable.  If the parameter is an attribute keyword, check the casing as they are case-sensitive. ${listed}`,
    )
  }
}

export function unknownParameter(name: string): Refusal {
  return new Refusal(
    400,
    `Invalid query: unknown query parameter '${name}'. If the parameter is an attribute keyword, check the casing as they are case-sensitive. ${listed}`,
  )
}

function readIncludeFields(values: string[]): { includeAll: boolean; includeFields: Set<Tag> } {
  const names = values.flatMap(value => value.split(','))
  if (names.some(name => name.toLowerCase() === 'all')) return { includeAll: true, includeFields: new Set() }
  const includeFields = names.map(name => {
    const attribute = findTag(name)
    if (attribute === undefined) throw new Refusal(400, `Invalid query: IncludeField has unknown attribute '${name}'.`)
    return attribute
  })
  return { includeAll: false, includeFields: new Set(includeFields) }
}

function readFuzzy(value: string | undefined): boolean {
  const known = value === undefined || ['true', 'false'].includes(value.toLowerCase())
  if (!known) throw new Refusal(400, `Invalid query: specified fuzzymatch value '${value}' is not a valid boolean`)
  return value?.toLowerCase() === 'true'
}

function readLimit(value: string | undefined): number {
  if (value === undefined) return defaultLimit
  const limit = readNumber(value, 'limit')
  if (limit < 1 || limit > maxLimit)
    throw new Refusal(400, `Invalid query: specified limit value ${limit} is outside the allowed range of 1..${maxLimit}.`)
  return limit
}

function readNumber(value: string, name: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new Refusal(400, `Invalid query: specified ${name} value '${value}' is not a valid integer.`)
  return Number(value)
}
