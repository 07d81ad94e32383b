// STOW-RS (PS3.18, 10.5): stores what a request brings, each file whole or not at all, and says which and why not.
import { type Dataset, firstString } from './dicom-json.ts'
import type { Instance, InstanceStore } from './instance-store.ts'
import { parseMediaType } from './media-type.ts'
import { readMultipart } from './multipart.ts'
import { type Part10, readPart10 } from './part10.ts'
import { Refusal } from './refusal.ts'
import { retrieveUrl, retrieveUrlTag } from './retrieve-url.ts'

/** Failure reasons (conformance statement v2 of the Azure service, Store Failure Reason Codes). */
const reasons = { unreadable: 272, invalid: 43264, otherStudy: 43265, exists: 45070 }

const uids = { sopClass: '00080016', instance: '00080018', study: '0020000D', series: '0020000E' }
const patientId = '00100020'

export type StoreAnswer = { status: 200 | 202 | 204 | 409; dataset?: Dataset }

type Failure = { reason: number; dataset?: Dataset; comment?: string }
type Outcome = { stored: Omit<Instance, 'sequence'> } | Failure

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

/** @param study - The study that all files must belong to, when the request names one. */
export function storeFiles(store: InstanceStore, files: Buffer[], study: string | undefined, base: string): StoreAnswer {
  const outcomes = files.map(file => storeFile(store, file, study))
  const stored = outcomes.flatMap(outcome => ('stored' in outcome ? [outcome.stored] : []))
  const failed = outcomes.flatMap(outcome => ('reason' in outcome ? [outcome] : []))
  if (outcomes.length === 0) return { status: 204 }
  const dataset: Dataset = {
    ...(study !== undefined && stored.length > 0 && { [retrieveUrlTag]: { vr: 'UR', Value: [retrieveUrl(base, { study })] } }),
    ...(failed.length > 0 && { '00081198': { vr: 'SQ', Value: failed.map(failureItem) } }),
    ...(stored.length > 0 && { '00081199': { vr: 'SQ', Value: stored.map(instance => successItem(instance, base)) } }),
  }
  return { status: failed.length === 0 ? 200 : stored.length === 0 ? 409 : 202, dataset }
}

function storeFile(store: InstanceStore, file: Buffer, study: string | undefined): Outcome {
  const bytes = new Uint8Array(file)
  const read = tryRead(bytes)
  if (read === undefined) return { reason: reasons.unreadable }
  const { dataset, transferSyntax } = read
  const wrong = findInvalid(dataset)
  if (wrong) return { reason: reasons.invalid, dataset, comment: wrong }
  const uid = (tag: string) => firstString(dataset, tag) ?? ''
  const instance = { study: uid(uids.study), series: uid(uids.series), instance: uid(uids.instance), sopClass: uid(uids.sopClass) }
  if (study !== undefined && instance.study !== study) return { reason: reasons.otherStudy, dataset }
  const stored = { ...instance, transferSyntax, bytes, dataset }
  return store.add(stored) ? { stored } : { reason: reasons.exists, dataset }
}

/** A file that cannot be read is one of the answers, not an error. */
function tryRead(bytes: Uint8Array<ArrayBuffer>): Part10 | undefined {
  try {
    return readPart10(bytes)
  } catch {
    return undefined
  }
}

/** What the Azure service demands of every file, or undefined when all of it is there. */
function findInvalid(dataset: Dataset): string | undefined {
  for (const tag of Object.values(uids)) {
    const uid = firstString(dataset, tag)
    if (uid === undefined) return `DICOM100: (${dotted(tag)}) - The required tag '(${dotted(tag)})' is missing.`
    if (!isUid(uid)) return `DICOM100: (${dotted(tag)}) - DICOM Identifier is invalid.`
  }
  return patientId in dataset ? undefined : `DICOM100: (${dotted(patientId)}) - The required tag '(${dotted(patientId)})' is missing.`
}

/** Leading zeros of components are let pass, as the Azure service does. */
export function isUid(text: string): boolean {
  return text.length <= 64 && /^[0-9.]*[0-9]$/.test(text)
}

function dotted(tag: string): string {
  return `${tag.slice(0, 4)},${tag.slice(4)}`.toLowerCase()
}

function failureItem({ reason, dataset, comment }: Failure): Dataset {
  const sopClass = dataset && firstString(dataset, uids.sopClass)
  const instance = dataset && firstString(dataset, uids.instance)
  return {
    ...(sopClass && { '00081150': { vr: 'UI', Value: [sopClass] } }),
    ...(instance && { '00081155': { vr: 'UI', Value: [instance] } }),
    '00081197': { vr: 'US', Value: [reason] },
    ...(comment && { '00741048': { vr: 'SQ', Value: [{ '00000902': { vr: 'LO', Value: [comment] } }] } }),
  }
}

function successItem(instance: Omit<Instance, 'sequence'>, base: string): Dataset {
  return {
    '00081150': { vr: 'UI', Value: [instance.sopClass] },
    '00081155': { vr: 'UI', Value: [instance.instance] },
    [retrieveUrlTag]: { vr: 'UR', Value: [retrieveUrl(base, instance)] },
  }
}
