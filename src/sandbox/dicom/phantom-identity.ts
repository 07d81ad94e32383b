// Whose the generated CT phantom is and by which UIDs it goes: the FHIR records refer to it.
import { createHash } from 'node:crypto'

/** No person: the FHIR records hold a Patient with the same name, number and dates. */
export const phantomPatient = {
  id: 'patient-phantom',
  number: 'HTEST-PHANTOM',
  family: 'Phantom',
  given: 'Testperson',
  birthDate: '1970-01-01',
  gender: 'other',
} as const

export const phantomStudy = {
  accessionNumber: 'HTEST-CT-1',
  description: 'Synthetic CT phantom',
  /** Date and time of the study, without a zone. */
  started: '2025-01-15T10:30:00',
  modality: 'CT',
  series: [
    { number: 1, description: 'Phantom, standard kernel', instances: 20 },
    { number: 2, description: 'Phantom, sharp kernel', instances: 20 },
  ],
} as const

export const ctImageStorage = '1.2.840.10008.5.1.4.1.1.2'

/** The study's UID for a seed. */
export function studyUid(seed: number): string {
  return uidOf(seed, 'study')
}

export function seriesUid(seed: number, seriesNumber: number): string {
  return uidOf(seed, `series ${seriesNumber}`)
}

export function instanceUid(seed: number, seriesNumber: number, instanceNumber: number): string {
  return uidOf(seed, `series ${seriesNumber} instance ${instanceNumber}`)
}

/** A UID under 2.25, whose last component is a UUID as a number (PS3.5, B.2); the same for the same seed and name. */
export function uidOf(seed: number, name: string): string {
  const bytes = createHash('sha256').update(`hallpass sandbox ${seed} ${name}`).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80 // version 8, custom (RFC 9562, 5.8)
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return `2.25.${BigInt(`0x${bytes.toString('hex')}`)}`
}
