// The opaque `ct` parameter of a next link: where in an ordered result the following page starts.
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { refuse } from './refusal.ts'

/** The last entry of a page: its sort key, absent without _sort or when the entry has none, and its sequence in the store. */
export type Continuation = { key?: string | number; sequence: number }

const version = 'v2|'

/** Base64 of deflated text, as the Azure service does it: a client that re-encodes or decodes a link breaks it here as there. */
export function encodeContinuation({ key, sequence }: Continuation): string {
  return deflateRawSync(version + JSON.stringify([sequence, key ?? null])).toString('base64')
}

/** @throws Refusal 400 for anything that `encodeContinuation` did not write. */
export function decodeContinuation(token: string): Continuation {
  try {
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(token)) throw new Error('not base64')
    const text = inflateRawSync(Buffer.from(token, 'base64'), { maxOutputLength: 4096 }).toString()
    if (!text.startsWith(version)) throw new Error('another version')
    const [sequence, key] = JSON.parse(text.slice(version.length))
    return { sequence: Number(sequence), ...(key !== null && { key }) }
  } catch {
    throw refuse(400, 'invalid', 'The continuation token is invalid.')
  }
}
