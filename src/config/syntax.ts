// Parses the text of a configuration, JSON with comments, and knows the line and column of everything in it.
import {
  createScanner,
  findNodeAtLocation,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
  type SyntaxKind,
} from 'jsonc-parser'
import { type Fault, quoted } from './fault.ts'

export type Place = { line: number; column: number }

/** A parsed text: its values, and where each of them stands. */
export type ParsedText = {
  values: unknown
  /** Keys that stand twice in one object: JSON lets the last one win without a word. */
  repeated: Fault[]
  placeOf(fault: Fault): Place
}

/** What is no JSON, and where. */
export type SyntaxFault = Place & { what: string }

/** Levels of nesting that a configuration can have; the parser would run out of stack on some thousands. */
const mostLevels = 32

/** The parsed text, or what is wrong with it. */
export function parseText(text: string): ParsedText | SyntaxFault {
  const tooDeep = findTooDeep(text)
  if (tooDeep !== undefined) return { ...placeAt(text, tooDeep), what: `nested more than ${mostLevels} levels deep` }
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false })
  const [first] = errors
  if (first) return { ...placeAt(text, first.offset), what: root ? describeSyntax(first) : 'the file is empty' }
  if (!root) return { line: 1, column: 1, what: 'the file is empty' }
  return { values: toValue(root), repeated: findRepeatedKeys(root), placeOf: fault => placeAt(text, offsetOf(root, fault)) }
}

/** The scanner's tokens by its own numbers: they are a `const enum`, which has no names at run time. */
const tokens = { openBrace: 1, closeBrace: 2, openBracket: 3, closeBracket: 4, end: 17 } satisfies Record<string, SyntaxKind>

function findTooDeep(text: string): number | undefined {
  const scanner = createScanner(text, true)
  let levels = 0
  for (let token = scanner.scan(); token !== tokens.end; token = scanner.scan()) {
    if (token === tokens.openBrace || token === tokens.openBracket) levels++
    if (token === tokens.closeBrace || token === tokens.closeBracket) levels--
    if (levels > mostLevels) return scanner.getTokenOffset()
  }
  return undefined
}

/** The value of a parsed tree. Built here, not by the library, so that a key `__proto__` is an own property like any other and gets refused. */
function toValue(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(toValue)
  if (node.type !== 'object') return node.value
  const entries = (node.children ?? []).map(({ children: [key, value] = [] }) => [String(key?.value), value ? toValue(value) : undefined])
  return Object.fromEntries(entries)
}

function findRepeatedKeys(node: Node, path: (string | number)[] = []): Fault[] {
  const seen = new Set<string>()
  return (node.children ?? []).flatMap((child, index) => {
    const [key, value] = node.type === 'object' ? (child.children ?? []) : [undefined, child]
    const here = [...path, key ? String(key.value) : index]
    const inner = value ? findRepeatedKeys(value, here) : []
    const name = key ? String(key.value) : undefined
    if (name === undefined || !seen.has(name)) {
      if (name !== undefined) seen.add(name)
      return inner
    }
    return [{ path: here, offset: child.offset, what: `${quoted(name)} stands twice`, fix: 'Keep one of them.' }, ...inner]
  })
}

function offsetOf(root: Node, { path, atKey, offset }: Fault): number {
  if (offset !== undefined) return offset
  for (let length = path.length; length >= 0; length--) {
    const node = findNodeAtLocation(root, path.slice(0, length))
    if (node) return atKey && length === path.length ? (node.parent?.offset ?? node.offset) : node.offset
  }
  return root.offset
}

/** Line and column, both from 1; a column counts UTF-16 code units, as editors do. */
function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

function describeSyntax({ error }: ParseError): string {
  const words = printParseErrorCode(error)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
  return /expected/.test(words) ? words.replace(/(.*) expected/, 'a $1 is expected here') : words
}
