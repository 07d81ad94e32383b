// STOW-RS (PS3.18, 10.5): stores what a request brings, each file whole or not at all, and says which and why not.
import type { Dataset, JsonElement } from './dicom-json.ts'
import type { Instance, InstanceStore } from './instance-store.ts'
import { parseMediaType } from './media-type.ts'
import { readMultipart } from './multipart.ts'
import { type Part10, readPart10 } from './part10.ts'
import { Refusal } from './refusal.ts'
import { retrieveUrl, retrieveUrlTag } from './retrieve-url.ts'
import { validate } from './store-validation.ts'

/** Failure reasons (conformance statement v2 of the Azure service, Store Failure Reason Codes). */
const reasons = { unreadable: 272, invalid: 43264, otherStudy: 43265, exists: 45070 }

const sopClassTag = '00080016'
const sopInstanceTag = '00080018'
const preambleLength = 128

export type StoreAnswer = { status: 200 | 202 | 204 | 409; dataset?: Dataset }

type Failure = { reason: number; uids?: Part10['uids']; comments?: string[] }
type Success = { stored: Omit<Instance, 'sequence'>; warning?: { reason: number; comments: string[] } }
type Outcome = Success | Failure

/**
 * The files that a body brings: `multipart/related; type="application/dicom"`, or one file as it is.
 * @throws Refusal 415 for other types, of the body or of a part; 400 for a multipart that is malformed.
 */
export function filesOf(contentType: string, body: Buffer): Buffer[] {
  const { type, parameters } = parseMediaType(contentType)
  if (type === 'application/dicom') return [body]
  if (parameters.start !== undefined) throw new Refusal(400, 'The start parameter in multipart/related request is not supported.')
  const parts = readMultipart(body, parameters.boundary ?? '')
  return parts.map(({ mediaType, body }, index) => {
    // The first part may go without a type of its own: it is the root then, of the type that the body names (RFC 2387, 3.1).
    const actual = mediaType ?? (index === 0 ? parameters.type?.toLowerCase() : undefined)
    if (actual !== 'application/dicom') throw new Refusal(415, `The specified content type '${actual ?? ''}' is not supported.`)
    return body
  })
}

/** @throws Refusal 415 for a Content-Type that a store request cannot have; known before the body is read. */
export function demandStorable(contentType: string | undefined): void {
  const { type, parameters } = parseMediaType(contentType ?? '')
  if (type === 'application/dicom' || (type === 'multipart/related' && parameters.boundary)) return
  throw new Refusal(
    415,
    type === 'multipart/related'
      ? `The content type '${contentType}' is either not multipart or is missing boundary.`
      : `The specified content type '${contentType ?? ''}' is not supported.`,
  )
}

export type StoreRequest = {
  files: Buffer[]
  /** The study that all files must belong to, when the request names one. */
  study?: string | undefined
  /** Whether a file takes the place of one with its UIDs. */
  replace?: boolean
}

/** @param base - Where the store's resources are, such as `http://localhost:51234/v2`. */
export function storeFiles(store: InstanceStore, request: StoreRequest, base: string): StoreAnswer {
  const { files, study } = request
  const outcomes = files.map(file => storeFile(store, file, request))
  const stored = outcomes.flatMap(outcome => ('stored' in outcome ? [outcome] : []))
  const failed = outcomes.flatMap(outcome => ('reason' in outcome ? [outcome] : []))
  if (outcomes.length === 0) return { status: 204 }
  const dataset: Dataset = {
    ...(study !== undefined && stored.length > 0 && { [retrieveUrlTag]: { vr: 'UR', Value: [retrieveUrl(base, { study })] } }),
    ...(failed.length > 0 && { '00081198': { vr: 'SQ', Value: failed.map(failureItem) } }),
    ...(stored.length > 0 && { '00081199': { vr: 'SQ', Value: stored.map(success => successItem(success, base)) } }),
  }
  const flawless = failed.length === 0 && stored.every(({ warning }) => warning === undefined)
  return { status: flawless ? 200 : stored.length === 0 ? 409 : 202, dataset }
}

function storeFile(store: InstanceStore, file: Buffer, { study, replace }: StoreRequest): Outcome {
  const bytes = new Uint8Array(file)
  // The service empties the preamble: a file could otherwise be a program for who opens it as one (conformance statement v2).
  bytes.fill(0, 0, preambleLength)
  const read = tryRead(bytes)
  if (read === undefined) return { reason: reasons.unreadable }
  const verdict = validate(read)
  if (!verdict.ok) return { reason: reasons.invalid, uids: read.uids, comments: verdict.comments }
  const { identity, dataset, warning } = verdict
  if (study !== undefined && identity.study !== study) return { reason: reasons.otherStudy, uids: read.uids }
  const stored = { ...identity, transferSyntax: read.transferSyntax, bytes, dataset }
  if (replace) store.replace(stored)
  else if (!store.add(stored)) return { reason: reasons.exists, uids: read.uids }
  return { stored, ...(warning && { warning }) }
}

/** A file that cannot be read is one of the answers, not an error. */
function tryRead(bytes: Uint8Array<ArrayBuffer>): Part10 | undefined {
  try {
    return readPart10(bytes)
  } catch {
    return undefined
  }
}

function failureItem({ reason, uids, comments }: Failure): Dataset {
  const sopClass = uids?.get(sopClassTag)
  const instance = uids?.get(sopInstanceTag)
  return {
    ...(sopClass && { '00081150': { vr: 'UI', Value: [sopClass] } }),
    ...(instance && { '00081155': { vr: 'UI', Value: [instance] } }),
    '00081197': { vr: 'US', Value: [reason] },
    ...(comments && { '00741048': commentSequence(comments) }),
  }
}

function successItem({ stored, warning }: Success, base: string): Dataset {
  return {
    '00081150': { vr: 'UI', Value: [stored.sopClass] },
    '00081155': { vr: 'UI', Value: [stored.instance] },
    [retrieveUrlTag]: { vr: 'UR', Value: [retrieveUrl(base, stored)] },
    ...(warning && { '00081196': { vr: 'US', Value: [warning.reason] } }),
    ...(warning && warning.comments.length > 0 && { '00741048': commentSequence(warning.comments) }),
  }
}

function commentSequence(comments: string[]): JsonElement {
  return { vr: 'SQ', Value: comments.map(comment => ({ '00000902': { vr: 'LO', Value: [comment] } })) }
}
