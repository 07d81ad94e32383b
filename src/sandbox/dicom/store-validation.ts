// What a file must have to be stored, and what it is only warned about (conformance statement v2 of the Azure service, Store).
import type { Tag } from './attributes.ts'
import type { Dataset } from './dicom-json.ts'
import type { InstanceUids } from './instance-store.ts'
import { implicitLittleEndian, type Part10 } from './part10.ts'

const requiredUids = { sopClass: '00080016', study: '0020000D', series: '0020000E', instance: '00080018' } as const
const patientId = '00100020'

const keywords: Record<Tag, string> = {
  '00080016': 'SOPClassUID',
  '00080018': 'SOPInstanceUID',
  '0020000D': 'StudyInstanceUID',
  '0020000E': 'SeriesInstanceUID',
}

/** The Azure service's own words. */
const uidComplaint =
  "DICOM Identifier is invalid. Value length should not exceed the maximum length of 64 characters. Value should contain characters in '0'-'9' and '.'. Each component must start with non-zero number."

/** Store warning reason codes. */
const otherThanSopClass = 45063
const validationWarnings = 1

export type Identity = InstanceUids & { sopClass: string }

export type Verdict =
  | { ok: true; identity: Identity; dataset: Dataset; warning?: { reason: number; comments: string[] } }
  | { ok: false; comments: string[] }

/** Optional attributes whose values do not fit are left out of the dataset, and so of metadata and searches; the file keeps them. */
export function validate({ uids, dataset, misfits, transferSyntax }: Part10): Verdict {
  const failures = Object.values(requiredUids).flatMap(tag => complainAboutUid(tag, uids.get(tag)) ?? [])
  if (!(patientId in dataset)) failures.push(missing(patientId))
  const longPatientId = misfits.get(patientId)?.complaint
  if (longPatientId) failures.push(comment(patientId, `Dicom element 'PatientID' failed validation for VR 'LO': ${longPatientId}.`))
  if (failures.length > 0) return { ok: false, comments: failures }

  const comments = [...misfits].map(([tag, { vr, value, complaint }]) =>
    comment(tag, `Content "${value}" does not validate VR ${vr}: ${complaint}`),
  )
  if (dataset[patientId]?.Value === undefined) comments.push(missing(patientId))
  const reason = transferSyntax === implicitLittleEndian ? otherThanSopClass : comments.length > 0 ? validationWarnings : undefined
  const isDropped = (tag: Tag) => misfits.get(tag)?.nested === false && !(tag in keywords)
  return {
    ok: true,
    identity: identityOf(uids),
    dataset: Object.fromEntries(Object.entries(dataset).filter(([tag]) => !isDropped(tag))),
    ...(reason !== undefined && { warning: { reason, comments } }),
  }
}

function identityOf(uids: Map<Tag, string>): Identity {
  const [sopClass = '', study = '', series = '', instance = ''] = Object.values(requiredUids).map(tag => uids.get(tag))
  return { sopClass, study, series, instance }
}

/** Leading zeros of components are let pass, as the Azure service does. */
export function isUid(text: string): boolean {
  return text.length <= 64 && /^[0-9.]*[0-9]$/.test(text)
}

function complainAboutUid(tag: Tag, uid: string | undefined): string | undefined {
  if (uid === undefined || uid === '') return missing(tag)
  return isUid(uid) ? undefined : comment(tag, `Dicom element '${keywords[tag]}' failed validation for VR 'UI': ${uidComplaint}`)
}

function missing(tag: Tag): string {
  return comment(tag, `The required tag '${dotted(tag)}' is missing.`)
}

/** 100 is the one store error code there is: the attributes did not meet the criteria. */
function comment(tag: Tag, text: string): string {
  return `DICOM100: ${dotted(tag)} - ${text}`
}

function dotted(tag: Tag): string {
  return `(${tag.slice(0, 4)},${tag.slice(4)})`.toLowerCase()
}
