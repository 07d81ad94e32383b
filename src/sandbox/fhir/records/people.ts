// Organizations, practitioners and patients whose names say that they are invented.
import type { Group, Organization, Patient, Practitioner } from '@medplum/fhirtypes'
import { phantomPatient } from '../../dicom/phantom-identity.ts'
import { between, pick, type Random } from '../../random.ts'
import { identifier, refer, twoDigits } from './synthetic.ts'

type Identified<T> = T & { id: string }

const families = ['Example', 'Sample', 'Testperson', 'Synthetic', 'Placeholder', 'Fictional', 'Specimen', 'Mockup', 'Dummy', 'Demo']
const givens = [
  'Alpha',
  'Bravo',
  'Charlie',
  'Delta',
  'Echo',
  'Foxtrot',
  'Golf',
  'Hotel',
  'India',
  'Juliett',
  'Kilo',
  'Lima',
  'Mike',
  'Oscar',
]
const places = ['Sampleton', 'Testville', 'Mockford', 'Exampleby']

export function organizations(): Identified<Organization>[] {
  return ['Example General Hospital', 'Sampleton Clinic', 'Mockford Imaging Centre', 'Testville Family Practice'].map((name, index) => ({
    resourceType: 'Organization',
    id: `organization-${twoDigits(index + 1)}`,
    identifier: identifier('organization', `ORG-${index + 1}`),
    active: true,
    name,
    address: [{ line: [`${index + 1} Example Street`], city: places[index] ?? 'Sampleton', country: 'XX' }],
  }))
}

export function practitioners(random: Random): Identified<Practitioner>[] {
  return Array.from({ length: 8 }, (_, index) => ({
    resourceType: 'Practitioner',
    id: `practitioner-${twoDigits(index + 1)}`,
    identifier: identifier('practitioner', `PRAC-${index + 1}`),
    active: true,
    name: [{ family: pick(random, families), given: [givens[index] ?? 'Alpha'], prefix: ['Dr'] }],
    gender: pick(random, ['female', 'male', 'other'] as const),
  }))
}

export function patients(
  random: Random,
  hospitals: Identified<Organization>[],
  doctors: Identified<Practitioner>[],
): Identified<Patient>[] {
  const people = Array.from({ length: 47 }, (_, index) => patient(random, index + 1, pick(random, hospitals), pick(random, doctors)))
  return [...people, phantom(hospitals)]
}

function patient(
  random: Random,
  number: number,
  hospital: Identified<Organization>,
  doctor: Identified<Practitioner>,
): Identified<Patient> {
  const family = families[number % families.length] ?? 'Example'
  const given = pick(random, givens)
  return {
    resourceType: 'Patient',
    id: `patient-${twoDigits(number)}`,
    identifier: identifier('mrn', `HTEST-${String(number).padStart(4, '0')}`),
    active: true,
    name: [{ use: 'official', family, given: [given, pick(random, givens)] }],
    // 555-01xx is set aside for fiction, .example by RFC 2606.
    telecom: [
      { system: 'phone', value: `555-01${twoDigits(number)}`, use: 'home' },
      { system: 'email', value: `${given}.${family}.${number}@mail.example`.toLowerCase() },
    ],
    gender: pick(random, ['female', 'male', 'other', 'unknown'] as const),
    birthDate: `${between(random, 1935, 2020)}-${twoDigits(between(random, 1, 12))}-${twoDigits(between(random, 1, 28))}`,
    address: [{ use: 'home', line: [`${number} Placeholder Road`], city: pick(random, places), postalCode: '00000', country: 'XX' }],
    managingOrganization: refer<Organization>(hospital, hospital.name),
    generalPractitioner: [refer<Practitioner>(doctor)],
  }
}

/** The first few of the patients, as somebody would gather them for a bulk export. */
export function cohort(people: Identified<Patient>[]): Identified<Group> {
  const member = people.slice(0, 5).map(patient => ({ entity: refer<Patient>(patient) }))
  return {
    ...{ resourceType: 'Group', id: 'group-01', identifier: identifier('group', 'GROUP-1'), active: true, type: 'person', actual: true },
    ...{ name: 'Synthetic cohort', quantity: member.length, member },
  }
}

/** The patient of the DICOM service's CT phantom. */
function phantom([hospital]: Identified<Organization>[]): Identified<Patient> {
  const { id, number, family, given, gender, birthDate } = phantomPatient
  return {
    ...{
      resourceType: 'Patient',
      id,
      identifier: identifier('mrn', number),
      active: true,
      name: [{ use: 'official', family, given: [given] }],
    },
    ...{ gender, birthDate },
    ...(hospital && { managingOrganization: refer<Organization>(hospital, hospital.name) }),
  }
}
