// The sandbox's records: synthetic beyond doubt, valid, consistent, repeatable.
import type { ImagingStudy, Resource } from '@medplum/fhirtypes'
import { test } from 'tap'
import { readPart10 } from '../../src/sandbox/dicom/part10.ts'
import { phantomFiles } from '../../src/sandbox/dicom/phantom.ts'
import { loadDefinitions } from '../../src/sandbox/fhir/definitions.ts'
import { validateResource } from '../../src/sandbox/fhir/medplum.ts'
import { syntheticRecords } from '../../src/sandbox/fhir/records/records.ts'

const records = syntheticRecords(1)

test('a few hundred records of the usual types, each valid and tagged as test data', t => {
  const types = loadDefinitions()
  t.ok(records.length >= 300, `${records.length} records`)
  const invalid = records.filter(({ resource }) => !types.has(resource.resourceType) || !isValid(resource))
  t.same(invalid, [])
  const tag = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HTEST' }
  const untagged = records.filter(
    ({ resource }) => !resource.meta?.tag?.some(({ system, code }) => system === tag.system && code === tag.code),
  )
  t.same(untagged, [])
  const present = new Set(records.map(({ resource }) => resource.resourceType))
  const usual = [
    'Patient',
    'Practitioner',
    'Organization',
    'Encounter',
    'Observation',
    'Condition',
    'MedicationRequest',
    'ImagingStudy',
  ] as const
  t.same(
    usual.filter(type => !present.has(type)),
    [],
  )
  t.end()
})

function isValid(resource: Resource): boolean {
  try {
    return validateResource(resource).length === 0
  } catch {
    return false
  }
}

test('every reference leads to an earlier record, and no id is used twice', t => {
  const seen = new Set<string>()
  const dangling: string[] = []
  for (const { resource } of records) {
    for (const [, reference = ''] of JSON.stringify(resource).matchAll(/"reference":"([^"]+)"/g))
      if (!seen.has(reference)) dangling.push(reference)
    seen.add(`${resource.resourceType}/${resource.id}`)
  }
  t.same(dangling, [])
  t.equal(seen.size, records.length)
  t.end()
})

test('a seed gives the same records each time, another seed others at the same ids', t => {
  const others = syntheticRecords(2)
  t.ok(JSON.stringify(syntheticRecords(1)) === JSON.stringify(records))
  t.notOk(JSON.stringify(others) === JSON.stringify(records))
  const patients = (list: typeof records) => list.flatMap(({ resource }) => (resource.resourceType === 'Patient' ? resource.id : []))
  t.same(patients(others), patients(records))
  t.end()
})

test('the ImagingStudy names study, series and instances of the phantom, whose patient it refers to', t => {
  const study = records
    .map(({ resource }) => resource)
    .find((resource): resource is ImagingStudy & { id: string } => resource.resourceType === 'ImagingStudy')
  const patient = records.find(({ resource }) => `Patient/${resource.id}` === study?.subject.reference)?.resource
  const files = phantomFiles(1).map(file => readPart10(new Uint8Array(file)).dataset)
  const named = study?.series?.flatMap(({ uid, instance = [] }) => instance.map(one => [uid, one.uid]))
  t.same(
    files.map(dataset => [dataset['0020000E']?.Value?.[0], dataset['00080018']?.Value?.[0]]),
    named,
  )
  const shared = files.map(dataset => ['0020000D', '00100020', '00100010'].map(tag => dataset[tag]?.Value?.[0]))
  const [studyUid, number, name] = shared[0] ?? []
  t.same(new Set(shared.map(values => JSON.stringify(values))).size, 1)
  t.equal(study?.identifier?.[0]?.value, `urn:oid:${studyUid}`)
  t.match(patient, { name: [{ family: 'Phantom', given: ['Testperson'] }], identifier: [{ value: number }] })
  t.same(name, { Alphabetic: 'Phantom^Testperson' })
  t.end()
})
