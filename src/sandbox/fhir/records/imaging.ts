// The ImagingStudy of the CT phantom that the sandbox's DICOM service holds.
import type { ImagingStudy, Patient } from '@medplum/fhirtypes'
import { ctImageStorage, instanceUid, phantomPatient, phantomStudy, seriesUid, studyUid } from '../../dicom/phantom-identity.ts'
import { identifier, refer } from './synthetic.ts'

const modality = { system: 'http://dicom.nema.org/resources/ontology/DCM', code: phantomStudy.modality }

/** Names study, series and instances by the same UIDs as the DICOM service does for the same seed. */
export function phantomImagingStudy(seed: number): ImagingStudy & { id: string } {
  const { series, description, started, accessionNumber } = phantomStudy
  return {
    ...{ resourceType: 'ImagingStudy', id: 'imagingstudy-phantom', status: 'available', description, started: `${started}Z` },
    identifier: [{ system: 'urn:dicom:uid', value: `urn:oid:${studyUid(seed)}` }, ...identifier('accession', accessionNumber)],
    subject: refer<Patient>({ resourceType: 'Patient', id: phantomPatient.id }, `${phantomPatient.given} ${phantomPatient.family}`),
    modality: [modality],
    numberOfSeries: series.length,
    numberOfInstances: series.reduce((sum, { instances }) => sum + instances, 0),
    series: series.map(({ number, description, instances }) => ({
      ...{ uid: seriesUid(seed, number), number, modality, description, numberOfInstances: instances },
      instance: Array.from({ length: instances }, (_, index) => ({
        uid: instanceUid(seed, number, index + 1),
        sopClass: { system: 'urn:ietf:rfc:3986', code: `urn:oid:${ctImageStorage}` },
        number: index + 1,
      })),
    })),
  }
}
