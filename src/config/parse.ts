// From the text of a configuration to what it means, or to everything that is wrong with it, each with line and column.
import { HallpassError } from '../errors/hallpass-error.ts'
import { printable } from '../terms/printable.ts'
import { type AzureEnvironment, azureEnvironment } from './azure-environment.ts'
import type { Fault } from './fault.ts'
import { findProjectFaults } from './project-rules.ts'
import { type Resolved, resolveDocument } from './resolve.ts'
import type { ConfigDocument } from './schema.ts'
import { findSecrets } from './secrets.ts'
import { createSources, type NoteSource, type Sources } from './sources.ts'
import { type ParsedText, parseText } from './syntax.ts'
import { findShapeFaults, isConfigDocument } from './validate.ts'

export type ParseOptions = {
  azure?: AzureEnvironment
  /** For a project file: the path of the user's own file, where what this one may not say belongs. */
  project?: { ownPath: string }
}

export type ParsedConfig = {
  values: ConfigDocument
  resolved: Omit<Resolved, 'faults'>
  sources: Sources
  note: NoteSource
}

/** Faults that are told at once; more would hide the first. */
const mostFaults = 10

/** Parses and checks the text of a configuration. Throws config-syntax or config-invalid with line and column; `more` holds the further faults. */
export function parseConfig(text: string, path: string, { azure = azureEnvironment({}), project }: ParseOptions = {}): ParsedConfig {
  const parsed = parseText(text.replace(/^\uFEFF/, ''))
  if (!('values' in parsed)) throw new HallpassError('config-syntax', { path: printable(path), ...parsed })
  const { values, repeated } = parsed
  const secrets = findSecrets(values)
  const others = [...repeated, ...findShapeFaults(values)].filter(fault => !secrets.some(secret => isSamePlace(secret, fault)))
  refuseAll([...secrets, ...inOrder(others, parsed)], parsed, path)
  if (!isConfigDocument(values)) throw new HallpassError('internal', { what: 'a configuration of a wrong shape went unnoticed' })
  const { sources, note } = createSources()
  const { faults, ...resolved } = resolveDocument(values, azure, note)
  const foreign = project ? findProjectFaults(values, project.ownPath) : []
  refuseAll(inOrder([...faults, ...foreign], parsed), parsed, path)
  return { values, resolved, sources, note }
}

function isSamePlace(one: Fault, other: Fault): boolean {
  return JSON.stringify(one.path) === JSON.stringify(other.path)
}

/** As they stand in the file. */
function inOrder(faults: readonly Fault[], parsed: ParsedText): Fault[] {
  const key = (fault: Fault) => {
    const { line, column } = parsed.placeOf(fault)
    return line * 1e6 + column
  }
  return faults.toSorted((a, b) => key(a) - key(b))
}

function refuseAll(faults: readonly Fault[], parsed: ParsedText, path: string): void {
  const errors = faults.slice(0, mostFaults).map(fault => errorOf(fault, parsed, path))
  const [first, ...more] = errors
  if (first) throw new HallpassError(first.code, first.particulars, { more })
}

function errorOf(fault: Fault, parsed: ParsedText, path: string): HallpassError {
  const { what, fix, source } = fault
  if (source !== undefined) return new HallpassError('setting-invalid', { source, what, fix })
  return new HallpassError('config-invalid', { path: printable(path), ...parsed.placeOf(fault), what, fix })
}
