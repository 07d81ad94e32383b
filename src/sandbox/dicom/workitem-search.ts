// Searches workitems (UPS-RS, conformance statement v2 of the Azure service, Search Workitems).
import { findTag, type Tag, tag } from './attributes.ts'
import type { Dataset } from './dicom-json.ts'
import { type Query, type Resolve, unknownParameter } from './query.ts'
import type { Path } from './query-match.ts'
import { Refusal } from './refusal.ts'
import type { WorkitemStore } from './workitem-store.ts'

const searchable = new Set(
  [
    ...['PatientName', 'PatientID', 'ReferencedRequestSequence.AccessionNumber', 'ReferencedRequestSequence.RequestedProcedureID'],
    ...['ScheduledProcedureStepStartDateTime', 'ScheduledStationNameCodeSequence.CodeValue', 'ScheduledStationClassCodeSequence.CodeValue'],
    ...['ScheduledStationGeographicLocationCodeSequence.CodeValue', 'ProcedureStepState', 'StudyInstanceUID'],
  ].map(path => path.split('.').map(tag).join('.')),
)

/** What a result holds unless more is asked for. */
const returned = new Set(
  [
    ...['SpecificCharacterSet', 'SOPClassUID', 'SOPInstanceUID', 'ScheduledProcedureStepPriority', 'ProcedureStepLabel', 'WorklistLabel'],
    ...['ScheduledProcessingParametersSequence', 'ScheduledStationNameCodeSequence', 'ScheduledStationClassCodeSequence'],
    ...['ScheduledStationGeographicLocationCodeSequence', 'ScheduledHumanPerformersSequence', 'ScheduledProcedureStepStartDateTime'],
    ...['ScheduledWorkitemCodeSequence', 'InputReadinessState', 'InputInformationSequence', 'StudyInstanceUID', 'PatientName', 'PatientID'],
    ...['IssuerOfPatientID', 'IssuerOfPatientIDQualifiersSequence', 'OtherPatientIDsSequence', 'PatientBirthDate', 'PatientSex'],
    ...['AdmissionID', 'IssuerOfAdmissionIDSequence', 'AdmittingDiagnosesDescription', 'AdmittingDiagnosesCodeSequence'],
    ...['ReferencedRequestSequence', 'MedicalAlerts', 'PregnancyStatus', 'SpecialNeeds', 'ProcedureStepState'],
    'ProcedureStepProgressInformationSequence',
  ].map(tag),
)

/** Attributes inside sequences go by keywords, or tags, with dots between. */
export const resolveWorkitemAttribute: Resolve = name => {
  const [first, ...rest] = name.split('.').map(findTag)
  if (first === undefined || rest.includes(undefined)) throw unknownParameter(name)
  const path = [first, ...rest] as Path
  if (searchable.has(path.join('.'))) return path
  throw new Refusal(
    400,
    `Invalid workitem query. AttributeId ${name} is not queryable.  If the parameter is an attribute keyword, check the casing as they are case-sensitive. The conformance statement has a list of supported query parameters and attributes.`,
  )
}

/** The page of matches, the newest first; empty when there is none. */
export function searchWorkitems(store: WorkitemStore, query: Query): Dataset[] {
  const matching = store.all().filter(({ dataset }) => [...query.matches.values()].every(matches => matches(dataset)))
  const wanted = new Set<Tag>([...returned, ...query.includeFields, ...[...query.matches.keys()].map(key => key.slice(0, 8))])
  return matching.slice(query.offset, query.offset + query.limit).map(({ dataset }) => {
    const kept = Object.entries(dataset).filter(([tag]) => query.includeAll || wanted.has(tag))
    return Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}
