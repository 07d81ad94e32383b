// DICOM attributes by keyword and by tag, and which of them searches use and return at each level.
import dcmjs from 'dcmjs'

const { dictionary, nameMap } = dcmjs.data.DicomMetaDictionary

/** Eight hexadecimal digits, such as `0020000D`. */
export type Tag = string

export type Level = 'study' | 'series' | 'instance'

/** The tag of a keyword of the data dictionary (PS3.6). @throws RangeError for a keyword that it does not have. */
export function tag(keyword: string): Tag {
  const found = findTag(keyword)
  if (found === undefined) throw new RangeError(`No DICOM attribute has the keyword ${keyword}`)
  return found
}

/** The tag that a keyword, case-sensitive, or eight hexadecimal digits stand for; private tags have no keyword. */
export function findTag(attribute: string): Tag | undefined {
  if (/^[0-9A-Fa-f]{8}$/.test(attribute)) return attribute.toUpperCase()
  return Object.hasOwn(nameMap, attribute) ? nameMap[attribute]?.tag.replace(/[(),]/g, '') : undefined
}

/** The value representation that the data dictionary gives a tag. */
export function vrOf(attribute: Tag): string {
  return dictionary[`(${attribute.slice(0, 4)},${attribute.slice(4)})`]?.vr ?? 'UN'
}

/** What can be searched for, by the level that it belongs to (conformance statement v2 of the Azure service, Searchable Attributes). */
export const searchable: Record<Level, ReadonlySet<Tag>> = {
  study: tags(
    ...['StudyInstanceUID', 'StudyDate', 'StudyDescription', 'AccessionNumber', 'PatientID', 'PatientName', 'PatientBirthDate'],
    ...['ReferringPhysicianName', 'ModalitiesInStudy'],
  ),
  series: tags('SeriesInstanceUID', 'Modality', 'PerformedProcedureStepStartDate', 'ManufacturerModelName'),
  instance: tags('SOPInstanceUID'),
}

/** What a result holds unless more is asked for (the same, Search Response). */
export const returned: Record<Level, ReadonlySet<Tag>> = {
  study: tags(
    ...['StudyInstanceUID', 'StudyDate', 'StudyDescription', 'AccessionNumber', 'PatientID', 'PatientName', 'PatientBirthDate'],
    'ReferringPhysicianName',
  ),
  series: searchable.series,
  instance: searchable.instance,
}

/** What `includefield=all` adds (the same). */
export const additional: Record<Level, ReadonlySet<Tag>> = {
  study: tags(
    ...['SpecificCharacterSet', 'StudyTime', 'InstanceAvailability', 'TimezoneOffsetFromUTC', 'AnatomicRegionsInStudyCodeSequence'],
    ...['ProcedureCodeSequence', 'NameOfPhysiciansReadingStudy', 'AdmittingDiagnosesDescription', 'ReferencedStudySequence', 'PatientAge'],
    ...['PatientSize', 'PatientWeight', 'Occupation', 'AdditionalPatientHistory', 'PatientSex', 'StudyID'],
  ),
  series: tags(
    ...['SpecificCharacterSet', 'TimezoneOffsetFromUTC', 'SeriesNumber', 'Laterality', 'SeriesDate', 'SeriesTime', 'SeriesDescription'],
    ...['PerformedProcedureStepStartTime', 'RequestAttributesSequence'],
  ),
  instance: tags(
    ...['SpecificCharacterSet', 'SOPClassUID', 'InstanceAvailability', 'TimezoneOffsetFromUTC', 'InstanceNumber', 'Rows', 'Columns'],
    ...['BitsAllocated', 'NumberOfFrames'],
  ),
}

function tags(...keywords: string[]): ReadonlySet<Tag> {
  return new Set(keywords.map(tag))
}
