// Reads the configuration: finds the file, parses it with exact places, and checks it before anything starts.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Config } from './config.ts'
import { ConfigFault, resolveDocument } from './resolve.ts'
import type { ConfigDocument } from './schema.ts'
import { type Environment, type Flags, resolveSettings } from './settings.ts'
import { asConfigDocument, type Fault, findFault } from './validate.ts'

/** Where the configuration may come from. `folder` is the OS's place for hallpass's configuration. */
export type ConfigPlace = { flags: Flags; env: Environment; folder: string }

/** The configuration of `--config`, HALLPASS_CONFIG, or the user's own `hallpass.jsonc`. Throws a HallpassError of the config- family. */
export function loadConfig({ flags, env, folder }: ConfigPlace): Config {
  const path = flags.config ?? (env.HALLPASS_CONFIG || join(folder, 'hallpass.jsonc'))
  const document = parseConfig(readConfig(path), path)
  return { path, settings: resolveSettings(flags, env, document.values), ...document.resolved }
}

/** A configuration that was built in code, checked by the same rules. */
export function configOf(values: ConfigDocument, flags: Flags, env: Environment): Config {
  const fault = findFault(values)
  if (fault) throw new HallpassError('internal', { what: fault.what })
  return { path: undefined, settings: resolveSettings(flags, env, values), ...resolveDocument(values) }
}

function readConfig(path: string): string {
  try {
    refuseIfOthersMayWrite(path)
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    if (error instanceof HallpassError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new HallpassError('config-missing', { path })
    throw new HallpassError('config-unreadable', {
      path,
      why: code === 'EISDIR' ? 'it is a folder' : code === 'EACCES' ? 'permission denied' : String(code),
    })
  }
}

/** Whoever may write the configuration may choose where bearers go. */
function refuseIfOthersMayWrite(path: string): void {
  const { uid, mode } = statSync(path)
  const own = process.getuid?.()
  if (own === undefined) return
  if (uid !== own && uid !== 0) throw new HallpassError('config-unreadable', { path, why: 'it belongs to another user' })
  if (mode & 0o022) throw new HallpassError('config-unreadable', { path, why: 'other users may write it (`chmod go-w` it)' })
}

/** Parses and checks the text of a configuration. Throws config-syntax or config-invalid with line and column. */
export function parseConfig(text: string, path: string) {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false })
  const [first] = errors
  if (first) throw new HallpassError('config-syntax', { path, ...placeOf(text, first.offset), what: describeSyntax(first) })
  if (!root) throw new HallpassError('config-syntax', { path, line: 1, column: 1, what: 'the file is empty' })
  const values = toValue(root)
  const refuse = (fault: Fault) =>
    new HallpassError('config-invalid', { path, ...placeOf(text, offsetOf(root, fault)), what: fault.what, fix: fault.fix })
  const repeated = findRepeatedKey(root)
  if (repeated) throw refuse(repeated)
  const fault = findFault(values)
  if (fault) throw refuse(fault)
  try {
    const document = asConfigDocument(values)
    return { values: document, resolved: resolveDocument(document) }
  } catch (error) {
    throw error instanceof ConfigFault ? refuse(error.fault) : error
  }
}

/** The value of a parsed tree. Built here, not by the library, so that a key `__proto__` is an own property like any other and gets refused. */
function toValue(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(toValue)
  if (node.type !== 'object') return node.value
  const entries = (node.children ?? []).map(({ children: [key, value] = [] }) => [String(key?.value), value ? toValue(value) : undefined])
  return Object.fromEntries(entries)
}

function findRepeatedKey(node: Node, path: (string | number)[] = []): Fault | undefined {
  const seen = new Set<string>()
  for (const [index, child] of (node.children ?? []).entries()) {
    const [key, value] = node.type === 'object' ? (child.children ?? []) : [undefined, child]
    const name = key ? String(key.value) : index
    if (key && seen.has(String(name)))
      return { path: [...path, name], offset: child.offset, what: `"${name}" stands twice`, fix: 'Keep one of them.' }
    seen.add(String(name))
    const inner = value ? findRepeatedKey(value, [...path, name]) : undefined
    if (inner) return inner
  }
  return undefined
}

function offsetOf(root: Node, { path, atKey, offset }: Fault): number {
  if (offset !== undefined) return offset
  for (let length = path.length; length >= 0; length--) {
    const node = findNodeAtLocation(root, path.slice(0, length))
    if (node) return atKey && length === path.length ? (node.parent?.offset ?? node.offset) : node.offset
  }
  return root.offset
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

function describeSyntax({ error }: ParseError): string {
  const words = printParseErrorCode(error)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
  return /expected/.test(words) ? words.replace(/(.*) expected/, 'a $1 is expected here') : words
}
