// Which attributes a workitem must and must not have (PS3.4, table CC.2.5-3, as far as the Azure service checks it; conditional ones are optional).
import { type Tag, tag } from './attributes.ts'
import type { Dataset } from './dicom-json.ts'
import { Refusal } from './refusal.ts'

/** Type 1 on creation: there, and with a value. */
const valued = tags(
  ...[
    'SOPClassUID',
    'SOPInstanceUID',
    'ScheduledProcedureStepPriority',
    'ScheduledProcedureStepModificationDateTime',
    'ProcedureStepLabel',
  ],
  ...['WorklistLabel', 'ScheduledProcedureStepStartDateTime', 'InputReadinessState', 'ProcedureStepState'],
)

/** Type 2 on creation: there, with or without a value. */
const present = tags(
  ...['TransactionUID', 'ScheduledProcessingParametersSequence', 'ScheduledStationNameCodeSequence', 'ScheduledStationClassCodeSequence'],
  ...['ScheduledStationGeographicLocationCodeSequence', 'ScheduledWorkitemCodeSequence', 'CommentsOnTheScheduledProcedureStep'],
  ...['InputInformationSequence', 'PatientName', 'IssuerOfPatientID', 'IssuerOfPatientIDQualifiersSequence', 'OtherPatientIDsSequence'],
  ...['PatientBirthDate', 'PatientSex', 'AdmissionID', 'IssuerOfAdmissionIDSequence', 'AdmittingDiagnosesDescription'],
  ...['AdmittingDiagnosesCodeSequence', 'ReferencedRequestSequence', 'ProcedureStepProgressInformationSequence'],
  'UnifiedProcedureStepPerformedProcedureSequence',
)

/** What an update must leave alone: who the patient is, what was ordered, and the state, which has a transaction of its own. */
const fixed = tags(
  ...['SOPClassUID', 'SOPInstanceUID', 'TransactionUID', 'PatientName', 'PatientID', 'IssuerOfPatientID', 'PatientBirthDate', 'PatientSex'],
  ...['IssuerOfPatientIDQualifiersSequence', 'AdmissionID', 'IssuerOfAdmissionIDSequence', 'AdmittingDiagnosesDescription'],
  ...['AdmittingDiagnosesCodeSequence', 'ReferencedRequestSequence', 'ReplacedProcedureStepSequence', 'ProcedureStepState'],
)

/** What must be there before a final state: the sequence, and what each of its items holds. */
const finalRequirements = {
  COMPLETED: {
    sequence: tag('UnifiedProcedureStepPerformedProcedureSequence'),
    inside: tags(
      ...['PerformedStationNameCodeSequence', 'PerformedProcedureStepStartDateTime', 'PerformedWorkitemCodeSequence'],
      ...['PerformedProcedureStepEndDateTime', 'OutputInformationSequence'],
    ),
  },
  CANCELED: {
    sequence: tag('ProcedureStepProgressInformationSequence'),
    inside: tags('ProcedureStepCancellationDateTime', 'ProcedureStepDiscontinuationReasonCodeSequence'),
  },
}

/** @throws Refusal 400 naming the first attribute that is missing, empty, or may not have a value. */
export function demandCreatable(dataset: Dataset): void {
  for (const attribute of valued) demandValue(dataset, attribute)
  for (const attribute of present) demandPresent(dataset, attribute)
  if (hasValue(dataset, tag('TransactionUID'))) throw about('The attribute with tag', tag('TransactionUID'), 'must be empty.')
}

/** @throws Refusal 400 naming the first attribute that an update may not hold. */
export function demandUpdatable(changes: Dataset): void {
  if (tag('ProcedureStepState') in changes)
    throw new Refusal(400, 'Procedure step state is present in the dataset provided to be updated which is not allowed.')
  for (const attribute of fixed) if (attribute in changes) throw about('The attribute with tag', attribute, 'cannot be present.')
}

/** @throws Refusal 400 naming what is missing before the workitem may be completed or canceled. */
export function demandFinal(dataset: Dataset, state: keyof typeof finalRequirements): void {
  const { sequence, inside } = finalRequirements[state]
  demandValue(dataset, sequence)
  for (const item of (dataset[sequence]?.Value ?? []) as Dataset[]) for (const attribute of inside) demandPresent(item, attribute)
}

/** @throws Refusal 400 */
export function demandValue(dataset: Dataset, attribute: Tag): void {
  demandPresent(dataset, attribute)
  if (!hasValue(dataset, attribute)) throw about('The value for tag', attribute, 'is missing.')
}

function demandPresent(dataset: Dataset, attribute: Tag): void {
  if (!(attribute in dataset)) throw about('The required tag', attribute, 'is missing.')
}

function hasValue(dataset: Dataset, attribute: Tag): boolean {
  return (dataset[attribute]?.Value ?? []).some(value => value !== null && value !== '')
}

function about(before: string, attribute: Tag, after: string): Refusal {
  const dotted = `(${attribute.slice(0, 4)},${attribute.slice(4)})`.toLowerCase()
  return new Refusal(400, `${before} '${dotted}' ${after}`)
}

function tags(...keywords: string[]): Tag[] {
  return keywords.map(tag)
}
