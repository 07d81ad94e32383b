// Encounters of the invented patients, and what was observed, found and prescribed in them.
import type { Condition, Encounter, MedicationRequest, Observation, Patient, Practitioner, Reference } from '@medplum/fhirtypes'
import { between, pick, type Random } from '../../random.ts'
import { concept, loinc, refer, rxnorm, snomed, twoDigits } from './synthetic.ts'

type Identified<T> = T & { id: string }
type Event = { encounter: Identified<Encounter>; subject: Reference<Patient>; start: string; number: string }

const ucum = 'http://unitsofmeasure.org'
const category = (name: string) => [concept('http://terminology.hl7.org/CodeSystem/observation-category', name, name)]

/** LOINC code, name, unit, UCUM code, lowest and highest value, decimals. */
const vitals = [
  ['8867-4', 'Heart rate', 'beats/minute', '/min', 52, 104, 0],
  ['8310-5', 'Body temperature', 'Cel', 'Cel', 36, 39, 1],
  ['29463-7', 'Body weight', 'kg', 'kg', 42, 118, 1],
  ['8302-2', 'Body height', 'cm', 'cm', 145, 198, 0],
  ['59408-5', 'Oxygen saturation in Arterial blood by Pulse oximetry', '%', '%', 91, 100, 0],
] as const

const disorders = [
  ['38341003', 'Hypertensive disorder'],
  ['44054006', 'Diabetes mellitus type 2'],
  ['195967001', 'Asthma'],
  ['36971009', 'Sinusitis'],
  ['396275006', 'Osteoarthritis'],
] as const

const drugs = [
  ['314076', 'lisinopril 10 MG Oral Tablet'],
  ['860975', 'metformin hydrochloride 500 MG Extended Release Oral Tablet'],
  ['745679', 'albuterol 0.09 MG/ACTUAT Metered Dose Inhaler'],
  ['310965', 'ibuprofen 200 MG Oral Tablet'],
] as const

/** One or two encounters a patient, each with vital signs, every second with a condition, every third with a prescription. */
export function clinicalRecords(random: Random, patients: Identified<Patient>[], doctors: Identified<Practitioner>[]) {
  const events = patients.flatMap(patient =>
    Array.from({ length: between(random, 1, 2) }, () => ({ patient, doctor: pick(random, doctors) })),
  )
  return events.flatMap(({ patient, doctor }, index) => {
    const event = eventOf(random, index + 1, patient, doctor)
    return [
      event.encounter,
      bloodPressure(random, event),
      ...[vitals[index % vitals.length], vitals[(index + 2) % vitals.length]].flatMap(vital =>
        vital ? [vitalSign(random, event, vital)] : [],
      ),
      ...(index % 2 === 0 ? [condition(random, event)] : []),
      ...(index % 3 === 0 ? [prescription(random, event, doctor)] : []),
    ]
  })
}

function eventOf(random: Random, count: number, patient: Identified<Patient>, doctor: Identified<Practitioner>): Event {
  const number = String(count).padStart(3, '0')
  const start = `2024-${twoDigits(between(random, 1, 12))}-${twoDigits(between(random, 1, 28))}T${twoDigits(between(random, 8, 16))}:00:00Z`
  const subject = refer<Patient>(patient, `${patient.name?.[0]?.given?.[0]} ${patient.name?.[0]?.family}`)
  const encounter: Identified<Encounter> = {
    ...{ resourceType: 'Encounter', id: `encounter-${number}`, status: 'finished', subject },
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB', display: 'ambulatory' },
    participant: [{ individual: refer<Practitioner>(doctor) }],
    period: { start, end: start.replace(':00:00Z', ':30:00Z') },
    ...(patient.managingOrganization && { serviceProvider: patient.managingOrganization }),
  }
  return { encounter, subject, start, number }
}

function vitalSign(
  random: Random,
  event: Event,
  [code, name, unit, ucumCode, low, high, decimals]: (typeof vitals)[number],
): Identified<Observation> {
  const value = Number((low + random() * (high - low)).toFixed(decimals))
  return { ...observation(event, code, name), valueQuantity: { value, unit, system: ucum, code: ucumCode } }
}

function bloodPressure(random: Random, event: Event): Identified<Observation> {
  const part = (code: string, name: string, low: number, high: number) => ({
    code: concept(loinc, code, name),
    valueQuantity: { value: between(random, low, high), unit: 'mmHg', system: ucum, code: 'mm[Hg]' },
  })
  const component = [part('8480-6', 'Systolic blood pressure', 98, 162), part('8462-4', 'Diastolic blood pressure', 58, 97)]
  return { ...observation(event, '85354-9', 'Blood pressure panel with all children optional'), component }
}

function observation({ encounter, subject, start, number }: Event, code: string, name: string): Identified<Observation> {
  return {
    ...{ resourceType: 'Observation', id: `observation-${number}-${code}`, status: 'final', category: category('vital-signs') },
    ...{ code: concept(loinc, code, name), subject, encounter: refer<Encounter>(encounter), effectiveDateTime: start },
  }
}

function condition(random: Random, { encounter, subject, start, number }: Event): Identified<Condition> {
  const [code, name] = pick(random, disorders)
  const status = (kind: string, value: string) => concept(`http://terminology.hl7.org/CodeSystem/condition-${kind}`, value, value)
  return {
    ...{
      resourceType: 'Condition',
      id: `condition-${number}`,
      code: concept(snomed, code, name),
      subject,
      encounter: refer<Encounter>(encounter),
    },
    clinicalStatus: status('clinical', pick(random, ['active', 'resolved'])),
    verificationStatus: status('ver-status', 'confirmed'),
    onsetDateTime: start.slice(0, 10),
  }
}

function prescription(
  random: Random,
  { encounter, subject, start, number }: Event,
  doctor: Identified<Practitioner>,
): Identified<MedicationRequest> {
  const [code, name] = pick(random, drugs)
  return {
    ...{ resourceType: 'MedicationRequest', id: `medicationrequest-${number}`, status: 'active', intent: 'order', authoredOn: start },
    ...{ medicationCodeableConcept: concept(rxnorm, code, name), subject, encounter: refer<Encounter>(encounter) },
    requester: refer<Practitioner>(doctor),
    dosageInstruction: [
      { text: 'Synthetic: not to be taken', timing: { repeat: { frequency: between(random, 1, 3), period: 1, periodUnit: 'd' } } },
    ],
  }
}
