// The document as text: what is read from it, and what cannot be.
import type { Entries } from './migrations.ts'

export type ReadText = { kind: 'document'; version: number; entries: Entries } | { kind: 'newer'; version: number } | { kind: 'foreign' }

/** What a text is: a document of a version up to `known`, one of a later version (whose shape we cannot know), or none of ours. */
export function readDocumentText(text: string, known: number): ReadText {
  const document = parseObject(text)
  const version = document?.version
  if (!document || !isVersion(version)) return { kind: 'foreign' }
  if (version > known) return { kind: 'newer', version }
  if (!isTexts(document.entries)) return { kind: 'foreign' }
  return { kind: 'document', version, entries: new Map(Object.entries(document.entries)) }
}

export function writeDocumentText(version: number, entries: Entries): string {
  return JSON.stringify({ version, entries: Object.fromEntries(entries) })
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}

function isVersion(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.values(value).every(text => typeof text === 'string')
}
