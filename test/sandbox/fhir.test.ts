// The sandbox's FHIR service, asked over a socket: access, reading, searching and writing in the shapes of the Azure service.
import type { Bundle, CapabilityStatement, OperationOutcome, Patient, Resource } from '@medplum/fhirtypes'
import { Client as FhirKitClient } from 'fhir-kit-client'
import { type Test, test } from 'tap'
import { loadDefinitions } from '../../src/sandbox/fhir/definitions.ts'
import { syntheticRecords } from '../../src/sandbox/fhir/records/records.ts'
import { fhirService } from '../../src/sandbox/fhir/service.ts'
import { audiences, authority, type Client, startService } from './service-client.ts'

const json = { 'content-type': 'application/fhir+json' }
const records = syntheticRecords(1).map(({ resource }) => resource)
type OfType<K> = Extract<Resource, { resourceType: K }> & { id: string }

function ofType<K extends Resource['resourceType']>(type: K): OfType<K>[] {
  return records.filter((resource): resource is OfType<K> => resource.resourceType === type)
}

async function start(t: Test, settings?: Parameters<typeof startService>[2]): Promise<Client> {
  const client = await startService('fhir', fhirService, settings)
  t.teardown(client.close)
  return client
}

const bundleOf = async (response: Response): Promise<Bundle> => (await response.json()) as Bundle
const outcomeOf = async (response: Response): Promise<OperationOutcome> => (await response.json()) as OperationOutcome
const linkOf = ({ link = [] }: Bundle, relation: string) => link.find(candidate => candidate.relation === relation)?.url
const idsOf = ({ entry = [] }: Bundle) => entry.flatMap(({ resource, search }) => (search?.mode === 'match' ? (resource?.id ?? []) : []))
const post = (client: Client, resource: unknown, path = '/Patient', headers = {}) =>
  client.ask(path, { method: 'POST', body: JSON.stringify(resource), headers: { ...json, ...headers } })
const put = (client: Client, resource: Resource, headers = {}) =>
  client.ask(`/${resource.resourceType}/${resource.id}`, {
    method: 'PUT',
    body: JSON.stringify(resource),
    headers: { ...json, ...headers },
  })

/** Follows `next` to the end. */
async function walk(client: Client, path: string, between: (page: number) => Promise<unknown> = async () => undefined): Promise<Bundle[]> {
  const pages: Bundle[] = []
  for (let url: string | undefined = path; url !== undefined; url = linkOf(pages.at(-1) as Bundle, 'next')) {
    pages.push(await bundleOf(await client.ask(url)))
    await between(pages.length)
  }
  return pages
}

test('metadata and the health check need no token, and metadata says what is served and where', async t => {
  const client = await start(t)
  t.equal((await client.ask('/health/check', { as: '' })).status, 200)
  const response = await client.ask('/metadata', { as: '' })
  t.equal(response.status, 200)
  t.equal(response.headers.get('content-type'), 'application/fhir+json; charset=utf-8')
  const statement = (await response.json()) as CapabilityStatement
  t.equal(statement.fhirVersion, '4.0.1')
  t.equal(statement.implementation?.url, client.origin)
  const [rest] = statement.rest ?? []
  t.same(
    rest?.resource?.map(({ type }) => type),
    [...loadDefinitions()],
  )
  t.equal(rest?.security?.service?.[0]?.coding?.[0]?.code, 'OAuth')
  t.same(
    rest?.security?.extension?.[0]?.extension?.map(({ valueUri }) => valueUri),
    [`${authority}/oauth2/v2.0/authorize`, `${authority}/oauth2/v2.0/token`],
  )
  const patient = rest?.resource?.find(({ type }) => type === 'Patient')
  t.ok(patient?.searchParam?.some(({ name, type }) => name === 'birthdate' && type === 'date'))
})

test('a request without a valid token is refused in the documented shapes', async t => {
  const client = await start(t)
  for (const path of ['/Patient', '/Patient/patient-01', '/nowhere']) {
    const response = await client.ask(path, { as: '' })
    t.equal(response.status, 401, path)
    const { fhir } = audiences
    t.equal(response.headers.get('www-authenticate'), `Bearer authorization_uri="${authority}", resource_id="${fhir}", realm="${fhir}"`)
    const { id, ...outcome } = await outcomeOf(response)
    t.same(outcome, {
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error', code: 'login', diagnostics: 'Authentication failed.' }],
    })
    t.equal(id, response.headers.get('x-request-id'))
  }
  const other = await client.ask('/Patient', { as: 'other-audience' })
  t.equal(other.status, 401)
  t.equal(
    other.headers.get('www-authenticate'),
    String.raw`Bearer error="invalid_token", error_description="The audience 'https://\"other\"' is invalid"`,
    'a token of the other audience is told so',
  )
  t.equal((await client.ask('/Patient', { as: 'garbage' })).headers.get('www-authenticate'), 'Bearer error="invalid_token"')
})

test('a reader reads and searches, and may not write', async t => {
  const client = await start(t)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const reads: [string, RequestInit][] = [
    ['/Patient', {}],
    ['/Patient', { method: 'HEAD' }],
    ['/Patient/patient-01', {}],
    ['/Patient/patient-01/_history', {}],
    ['/Patient/_search', { method: 'POST', body: 'family=Sample', headers: form }],
  ]
  for (const [path, init] of reads)
    t.equal((await client.ask(path, { ...init, as: 'reader' })).status, 200, `${init.method ?? 'GET'} ${path}`)
  const before = await bundleOf(await client.ask('/Patient?_summary=count'))
  const writes: [string, RequestInit][] = [
    ['/Patient', { method: 'POST', body: '{"resourceType":"Patient"}', headers: json }],
    ['/Patient/patient-01', { method: 'PUT', body: '{"resourceType":"Patient","id":"patient-01"}', headers: json }],
    ['/Patient/patient-01', { method: 'PATCH', body: '[]', headers: { 'content-type': 'application/json-patch+json' } }],
    ['/Patient/patient-01', { method: 'DELETE' }],
    ['/Patient?family=Sample', { method: 'DELETE' }],
  ]
  for (const [path, init] of writes) {
    const response = await client.ask(path, { ...init, as: 'reader' })
    t.equal(response.status, 403, `${init.method} ${path}`)
    t.match(await outcomeOf(response), { issue: [{ severity: 'error', code: 'forbidden', diagnostics: 'Authorization failed.' }] })
  }
  t.equal((await bundleOf(await client.ask('/Patient?_summary=count'))).total, before.total)
})

test('without role or scope nothing is given; an application of its own needs its role alone', async t => {
  const client = await start(t)
  for (const as of ['nobody', 'other-service', 'other-scope', 'public-without-scope'])
    t.equal((await client.ask('/Patient', { as })).status, 403, as)
  t.equal((await client.ask('/Patient', { as: 'application' })).status, 200)
})

test('a token in the URL is refused before anything else is looked at', async t => {
  const client = await start(t)
  const token = `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.${'c'.repeat(20)}`
  for (const [path, text] of [
    [`/Patient?access_token=${token}`, 'Access tokens must not be passed in the URL query string.'],
    [`/Patient/${token}`, 'Access tokens must not be passed in the URL path.'],
  ] as const) {
    const response = await client.ask(path, { as: '' })
    t.equal(response.status, 400)
    t.equal(await response.text(), text)
  }
})

test('search pages walked by next to the end give every resource once, while others come and go', async t => {
  const client = await start(t)
  const everyone = ofType('Patient').map(({ id }) => id)
  t.ok(everyone.length >= 40)
  const pages = await walk(client, '/Patient?_count=7')
  t.same(pages.flatMap(idsOf), everyone)
  t.equal(pages.length, Math.ceil(everyone.length / 7))
  for (const [index, page] of pages.entries()) {
    const { next = '', self = '' } = Object.fromEntries((page.link ?? []).map(({ relation, url }) => [relation, url]))
    t.equal(self.startsWith(`${client.origin}/Patient?_count=7`), true)
    t.equal(/^http:\/\/127\.0\.0\.1:\d+\/Patient\?_count=7&ct=[\w%]+$/.test(next), index < pages.length - 1, next)
    for (const { fullUrl, resource } of page.entry ?? []) t.equal(fullUrl, `${client.origin}/Patient/${resource?.id}`)
  }
  const changing = await walk(client, '/Patient?_count=10', async page => {
    if (page === 1) await client.ask('/Patient/patient-03', { method: 'DELETE' })
    if (page === 2) await put(client, { resourceType: 'Patient', id: 'patient-added' })
  })
  t.same(changing.flatMap(idsOf), [...everyone, 'patient-added'])
})

test('sorted pages keep their order across the borders, those without a value last', async t => {
  const client = await start(t)
  await put(client, { resourceType: 'Patient', id: 'unborn' })
  const born = ofType('Patient').toSorted((a, b) => ((a.birthDate ?? '') < (b.birthDate ?? '') ? -1 : 1))
  const dates = async (sort: string) => {
    const pages = await walk(client, `/Patient?_count=5&_sort=${sort}`)
    return pages.flatMap(({ entry = [] }) => entry.map(({ resource }) => (resource as Patient).birthDate))
  }
  t.same(await dates('birthdate'), [...born.map(({ birthDate }) => birthDate), undefined])
  t.same(await dates('-birthdate'), [...born.map(({ birthDate }) => birthDate).toReversed(), undefined])
})

test('criteria of every type find what they should and nothing else', async t => {
  const client = await start(t)
  const patients = ofType('Patient')
  const family = (name: string) => patients.filter(({ name: names }) => names?.[0]?.family === name).length
  await put(client, {
    resourceType: 'Patient',
    id: 'accents',
    name: [{ family: 'Ünïque', given: ['Zoë'] }],
    birthDate: '1801-05-09',
  } as Patient)
  const observation = (id: string, value: number) => ({
    ...{ resourceType: 'Observation', id, status: 'final', subject: { reference: 'Patient/accents' } },
    ...{ code: { coding: [{ system: 'http://loinc.org', code: 'test' }] }, valueQuantity: { value, unit: 'kg', system: 'u', code: 'kg' } },
  })
  for (const value of [5.34, 5.4, 9]) await put(client, observation(`weight-${value * 100}`, value) as Resource)
  const counts: [string, number][] = [
    ['Patient?family=Sample', family('Sample')],
    ['Patient?family=ample', 0],
    ['Patient?family:contains=ampl', family('Sample') + family('Example')],
    ['Patient?family:exact=sample', 0],
    ['Patient?name=unique', 1],
    ['Patient?name=zoe,nobody', 1],
    ['Patient?_id=patient-01,patient-02', 2],
    ['Patient?identifier=http://hallpass.example/mrn|HTEST-0001', 1],
    ['Patient?identifier=http://elsewhere.example|HTEST-0001', 0],
    ['Patient?identifier=|HTEST-0001', 0],
    ['Patient?_tag=http://terminology.hl7.org/CodeSystem/v3-ActReason|HTEST', patients.length],
    ['Patient?gender:not=female', patients.filter(({ gender }) => gender !== 'female').length + 1],
    ['Patient?birthdate=1801', 1],
    ['Patient?birthdate=1801-05', 1],
    ['Patient?birthdate=1801-06', 0],
    ['Patient?birthdate=lt1802', 1],
    ['Patient?birthdate=ge1801-05-09&birthdate=le1801-05-09', 1],
    ['Patient?birthdate=ne1801-05-09', patients.length],
    ['Patient?birthdate:missing=true', 0],
    ['Patient?general-practitioner:missing=true', 2],
    ['Observation?value-quantity=5.4', 1],
    ['Observation?value-quantity=5.3|u|kg', 1],
    ['Observation?value-quantity=5|u|kg', 2],
    ['Observation?value-quantity=gt5.4|u|kg', 1],
    ['Observation?value-quantity=ge5.4|u|lb', 0],
    ['Observation?subject=Patient/accents', 3],
    ['Observation?patient=accents', 3],
    ['Observation?subject:Patient=accents&code=test', 3],
    ['Observation?subject:Patient.name=uni', 3],
    ['Observation?patient.birthdate=lt1900', 3],
    ['Patient?_has:Observation:patient:code=test', 1],
    ['ImagingStudy?patient.family=phantom', 1],
  ]
  for (const [query, count] of counts) {
    const bundle = await bundleOf(await client.ask(`/${query}&_total=accurate&_count=1`))
    t.equal(bundle.total, count, query)
  }
  const found = await bundleOf(await client.ask('/Patient?family=Sample'))
  t.equal(found.total, undefined, 'a total is given only when it is asked for')
})

test('parameters that are not supported are left out with a warning, or refused when the client is strict', async t => {
  const client = await start(t)
  for (const parameter of ['frobnicate', 'constructor', '_project', 'name.nothing']) {
    const query = `/Patient?${parameter}=x&family=Sample`
    if (parameter !== 'name.nothing') {
      const bundle = await bundleOf(await client.ask(query))
      t.equal(linkOf(bundle, 'self'), `${client.origin}/Patient?family=Sample`, parameter)
      t.match(bundle.entry?.[0], {
        search: { mode: 'outcome' },
        resource: { resourceType: 'OperationOutcome', issue: [{ severity: 'warning' }] },
      })
      t.ok(idsOf(bundle).length > 0)
    }
    const strict = await client.ask(query, { headers: { prefer: 'handling=strict' } })
    t.equal(strict.status, 400, parameter)
  }
  t.equal((await client.ask('/Patient', { headers: { prefer: 'handling=whatever' } })).status, 400)
})

test('what a search cannot be is refused with 400 and a reason', async t => {
  const client = await start(t)
  for (const query of [
    ...['birthdate=yesterday', 'birthdate=2020-13-01', 'family:sounds=x', '_count=many', '_count=-1', 'ct=x', `ct=${btoa('v2|[1]')}`],
    ...['_summary=some', '_summary=true&_elements=name', '_include=Patient:nothing', '_include=Nothing:x', 'birthdate:missing=perhaps'],
    ...['general-practitioner.name=x', '_has:Observation:nothing:code=x', '_total=many'],
  ]) {
    const response = await client.ask(`/Patient?${query}`)
    t.equal(response.status, 400, query)
    t.match(await outcomeOf(response), { resourceType: 'OperationOutcome', issue: [{ severity: 'error', diagnostics: String }] })
  }
  for (const query of ['value-quantity=heavy', 'subject:constructor.name=x', 'subject:Substance.code=x'])
    t.equal((await client.ask(`/Observation?${query}`)).status, 400, query)
})

test('_count is 10 unless asked for, 1000 at most, and 0 counts only', async t => {
  const client = await start(t)
  t.equal(idsOf(await bundleOf(await client.ask('/Patient'))).length, 10)
  const all = await bundleOf(await client.ask('/Observation?_count=5000'))
  t.equal(idsOf(all).length, ofType('Observation').length)
  t.match(all.entry?.[0], { search: { mode: 'outcome' }, resource: { issue: [{ severity: 'information' }] } })
  for (const query of ['_count=0', '_summary=count']) {
    const { total, entry } = await bundleOf(await client.ask(`/Patient?${query}`))
    t.same([total, entry], [ofType('Patient').length, undefined], query)
  }
})

test('a search by POST is that search by GET', async t => {
  const client = await start(t)
  const search = (body: string, headers: Record<string, string>) =>
    client.ask('/Patient/_search?_count=3', { method: 'POST', body, headers })
  const first = await bundleOf(await search('family=Sample', { 'content-type': 'application/x-www-form-urlencoded' }))
  t.equal(linkOf(first, 'self'), `${client.origin}/Patient?_count=3&family=Sample`)
  const rest = await walk(client, linkOf(first, 'next') ?? '')
  t.same([first, ...rest].flatMap(idsOf), (await walk(client, '/Patient?_count=3&family=Sample')).flatMap(idsOf))
  t.equal((await search('{"resourceType":"Patient"}', json)).status, 415)
})

test('included resources come along, subsets leave elements out and say so', async t => {
  const client = await start(t)
  const included = await bundleOf(await client.ask('/Observation?_count=1&_include=Observation:patient&_include=Observation:encounter'))
  t.same(
    included.entry?.map(({ resource, search }) => [resource?.resourceType, search?.mode]),
    [
      ...[
        ['Observation', 'match'],
        ['Patient', 'include'],
        ['Encounter', 'include'],
      ],
    ],
  )
  const reverse = await bundleOf(await client.ask('/Patient?_id=patient-01&_revinclude=Encounter:patient'))
  t.ok((reverse.entry?.length ?? 0) > 1)
  t.ok(reverse.entry?.slice(1).every(({ resource }) => resource?.resourceType === 'Encounter'))
  const all = await bundleOf(await client.ask('/Patient?_id=patient-01&_include=*'))
  t.same(all.entry?.map(({ resource }) => resource?.resourceType).toSorted(), ['Organization', 'Patient', 'Practitioner'])
  const elements = await bundleOf(await client.ask('/Observation?_count=1&_elements=subject'))
  t.same(Object.keys(elements.entry?.[0]?.resource ?? {}).toSorted(), ['code', 'id', 'meta', 'resourceType', 'status', 'subject'])
  t.match(elements.entry?.[0]?.resource?.meta?.tag, [{ code: 'HTEST' }, { code: 'SUBSETTED' }])
  const summary = await bundleOf(await client.ask('/Observation?_count=1&_summary=true&code=8867-4'))
  t.match(summary.entry?.[0]?.resource, { valueQuantity: { unit: 'beats/minute' } })
  t.notOk('category' in (summary.entry?.[0]?.resource ?? {}))
})

test('a resource is created, read, changed and deleted with its versions', async t => {
  const time = { now: Date.parse('2026-01-02T03:04:05.678Z') }
  const client = await start(t, { time })
  const created = await post(client, { resourceType: 'Patient', id: 'chosen-by-client', name: [{ family: 'New' }] })
  t.equal(created.status, 201)
  const patient = (await created.json()) as Patient
  t.not(patient.id, 'chosen-by-client')
  t.same(patient.meta, { versionId: '1', lastUpdated: '2026-01-02T03:04:05.678Z' })
  t.equal(created.headers.get('location'), `${client.origin}/Patient/${patient.id}/_history/1`)
  t.equal(created.headers.get('etag'), 'W/"1"')
  t.equal(created.headers.get('last-modified'), 'Fri, 02 Jan 2026 03:04:05 GMT')

  time.now += 60_000
  const changed = await put(client, { ...patient, name: [{ family: 'Changed' }] } as Patient, { 'if-match': 'W/"1"' })
  t.same([changed.status, changed.headers.get('etag'), changed.headers.get('location')], [200, 'W/"2"', null])
  const stale = await put(client, patient, { 'if-match': 'W/"1"' })
  t.equal(stale.status, 412)
  t.match(await outcomeOf(stale), { issue: [{ code: 'conflict' }] })

  const path = `/Patient/${patient.id}`
  t.match(await (await client.ask(path)).json(), {
    name: [{ family: 'Changed' }],
    meta: { versionId: '2', lastUpdated: '2026-01-02T03:05:05.678Z' },
  })
  t.match(await (await client.ask(`${path}/_history/1`)).json(), { name: [{ family: 'New' }], meta: { versionId: '1' } })
  t.equal((await client.ask(`${path}/_history/9`)).status, 404)

  const patched = await client.ask(path, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json-patch+json' },
    body: JSON.stringify([{ op: 'replace', path: '/name/0/family', value: 'Patched' }]),
  })
  t.same([patched.status, patched.headers.get('etag')], [200, 'W/"3"'])

  t.equal((await client.ask(path, { method: 'DELETE' })).status, 204)
  t.equal((await client.ask(path, { method: 'DELETE' })).status, 204, 'deleting is idempotent')
  const gone = await client.ask(path)
  t.equal(gone.status, 410)
  t.match(await outcomeOf(gone), { issue: [{ code: 'deleted' }] })
  t.same(idsOf(await bundleOf(await client.ask(`/Patient?_id=${patient.id}`))), [])

  for (const time of ['first', 'second'] as const) {
    const history = await bundleOf(await client.ask(`${path}/_history`))
    t.equal(history.type, 'history')
    t.same(
      history.entry?.map(({ request, response }) => [request?.method, response?.etag]),
      [
        ...[
          ['DELETE', 'W/"4"'],
          ['PUT', 'W/"3"'],
          ['PUT', 'W/"2"'],
          ['POST', 'W/"1"'],
        ],
      ],
      `newest first, the ${time} time too`,
    )
  }
  const back = await put(client, { resourceType: 'Patient', id: patient.id ?? '' })
  t.same([back.status, back.headers.get('etag')], [201, 'W/"5"'])
})

test('an update creates what is not there, at the id it names', async t => {
  const client = await start(t)
  const response = await put(client, { resourceType: 'Patient', id: 'my-own-id' })
  t.same([response.status, response.headers.get('location')], [201, `${client.origin}/Patient/my-own-id/_history/1`])
})

test('conditional writes act on one match, and refuse several', async t => {
  const client = await start(t)
  const patient = { resourceType: 'Patient', identifier: [{ system: 'http://x.example', value: '1' }] }
  const condition = { 'if-none-exist': 'identifier=http://x.example|1' }
  t.equal((await post(client, patient, '/Patient', condition)).status, 201)
  t.equal((await post(client, patient, '/Patient', condition)).status, 200)
  t.equal((await post(client, patient)).status, 201)
  t.equal((await post(client, patient, '/Patient', condition)).status, 412)
  t.equal(
    (await post(client, patient, '/Patient', { 'if-none-exist': 'frobnicate=1' })).status,
    400,
    'an unknown criterion must not match all',
  )
  t.equal((await client.ask('/Patient?identifier=http://x.example|1', { method: 'DELETE' })).status, 412)
  t.equal((await client.ask('/Patient', { method: 'DELETE' })).status, 412, 'nor may none at all')
  t.equal(
    (await client.ask('/Patient?_id=patient-05', { method: 'DELETE', headers: json })).status,
    204,
    'whatever type its empty body has',
  )
  t.equal((await client.ask('/Patient/patient-05')).status, 410)
})

test('invalid resources are refused with every issue that they have', async t => {
  const client = await start(t)
  const send = (body: string, headers = json, path = '/Observation') => client.ask(path, { method: 'POST', body, headers })
  const missing = await send('{"resourceType":"Observation"}')
  t.equal(missing.status, 400)
  t.same(
    (await outcomeOf(missing)).issue?.map(({ severity, expression }) => [severity, expression?.[0]]),
    [
      ...[
        ['error', 'Observation.status'],
        ['error', 'Observation.code'],
      ],
    ],
  )
  for (const [body, text] of [
    ['{"resourceType":"Observation"', /not valid JSON/],
    ['', /.+/],
    ['[]', /must be a FHIR resource/],
    ['null', /must be a FHIR resource/],
    ['{"__proto__":{"resourceType":"Observation"}}', /.+/],
    ['{"resourceType":"Patient"}', /must match resourceType/],
  ] as const) {
    const response = await send(body)
    t.equal(response.status, 400, body)
    t.match(await outcomeOf(response), { issue: [{ severity: 'error', diagnostics: text }] }, body)
  }
  t.equal((await send('{"resourceType":"Patient","birthDate":"yesterday"}', json, '/Patient')).status, 400)
  t.equal((await send('{"resourceType":"Patient","frobnicate":1}', json, '/Patient')).status, 400)
  const otherId = await client.ask('/Patient/a', { method: 'PUT', headers: json, body: '{"resourceType":"Patient","id":"b"}' })
  t.equal(otherId.status, 400)
  const badId = await client.ask('/Patient/a_b', { method: 'PUT', headers: json, body: '{"resourceType":"Patient","id":"a_b"}' })
  t.equal(badId.status, 400)
})

test('a code that is bound to a list must be of it, unless an extension stands in for it', async t => {
  const client = await start(t)
  const timing = (...dayOfWeek: string[]) => ({
    ...{ resourceType: 'MedicationRequest', status: 'active', intent: 'order', subject: { reference: 'Patient/patient-01' } },
    ...{ medicationCodeableConcept: { text: 'x' }, dosageInstruction: [{ timing: { repeat: { dayOfWeek } } }] },
  })
  const wrong: [string, object, string, string][] = [
    ['/Patient', { resourceType: 'Patient', gender: 'femal' }, 'Patient.gender', 'male, female, other, unknown'],
    ['/Patient', { resourceType: 'Patient', name: [{ use: 'real' }] }, 'Patient.name[0].use', 'usual, official'],
    ['/Observation', { resourceType: 'Observation', status: 'done', code: { text: 'x' } }, 'Observation.status', 'registered, preliminary'],
    ['/MedicationRequest', timing('mon', 'noday'), 'MedicationRequest.dosageInstruction[0].timing.repeat.dayOfWeek[1]', 'mon, tue'],
  ]
  for (const [path, resource, place, codes] of wrong) {
    const response = await post(client, resource, path)
    t.equal(response.status, 400, place)
    t.match(await outcomeOf(response), { issue: [{ expression: [place], diagnostics: `One of ${codes}` }] })
  }
  const unsaid = { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }] }
  t.equal((await post(client, { resourceType: 'Patient', _gender: unsaid })).status, 201)
  t.equal((await post(client, timing('mon', 'tue'), '/MedicationRequest')).status, 201)
})

test('unknown types, routes, formats and large bodies are refused as such', async t => {
  const client = await start(t)
  const xml = { 'content-type': 'application/fhir+xml' }
  const large = JSON.stringify({ resourceType: 'Patient', name: [{ text: 'x'.repeat(2 * 1024 * 1024) }] })
  const refusals: [number, string, RequestInit][] = [
    [404, '/Frobnication', {}],
    [404, '/Frobnication/1', {}],
    [404, '/constructor', {}],
    [404, '/Patient/nobody', {}],
    [404, '/Patient/nobody/_history', {}],
    [404, '/Patient/patient-01/frobnicate', {}],
    [404, '/patients', {}],
    [400, '/Patient/%zz', {}],
    [404, `/Patient/${'a'.repeat(500)}`, {}],
    [400, '/Patient/patient-01', { method: 'PATCH', body: '{}', headers: json }],
    [404, '/Frobnication', { method: 'POST', body: '{"resourceType":"Frobnication"}', headers: json }],
    [406, '/Patient?_format=xml', {}],
    [406, '/Patient', { headers: { accept: 'application/fhir+xml' } }],
    [415, '/Patient', { method: 'POST', body: '<Patient/>', headers: xml }],
    [413, '/Patient', { method: 'POST', body: large, headers: json }],
  ]
  for (const [status, path, init] of refusals) {
    const response = await client.ask(path, init)
    t.equal(response.status, status, `${init.method ?? 'GET'} ${path}`)
    t.match(await outcomeOf(response), { resourceType: 'OperationOutcome', issue: [{ severity: 'error', diagnostics: String }] })
  }
  for (const accept of ['application/fhir+json', 'application/json;q=0.5, text/html', '*/*'])
    t.equal((await client.ask('/Patient', { headers: { accept } })).status, 200, accept)
  t.equal((await client.ask('/Patient?_format=application/fhir+json')).status, 200)
  t.match(await (await client.ask('/Patient/patient-01?_pretty=true')).text(), /^{\n {2}"resourceType"/)
})

test('the id of a request comes back, as do the fields against misuse', async t => {
  const client = await start(t)
  const { headers } = await client.ask('/Patient', { headers: { 'x-request-id': 'mine' } })
  t.equal(headers.get('x-correlation-id'), 'mine')
  t.match(headers.get('x-request-id'), /^[0-9a-f-]{36}$/)
  t.equal(headers.get('x-content-type-options'), 'nosniff')
  t.equal((await client.ask('/Patient')).headers.get('x-correlation-id'), null)
})

test('fhir-kit-client finds all pages, creates, reads versions, and reports what is missing', async t => {
  const { origin } = await start(t)
  const client = new FhirKitClient({ baseUrl: origin, customHeaders: { authorization: 'Bearer writer' } })
  t.match(await client.capabilityStatement(), { resourceType: 'CapabilityStatement' })
  const found: (string | undefined)[] = []
  let page = (await client.search({ resourceType: 'Observation', searchParams: { _count: 25 } })) as unknown as Bundle | undefined
  for (; page; page = (await client.nextPage({ bundle: page as never })) as unknown as Bundle | undefined) found.push(...idsOf(page))
  t.same(
    found,
    ofType('Observation').map(({ id }) => id),
  )
  const created = (await client.create({ resourceType: 'Patient', body: { resourceType: 'Patient', gender: 'other' } as never })) as Patient
  const id = created.id ?? ''
  await client.update({ resourceType: 'Patient', id, body: { ...created, gender: 'unknown' } as never })
  t.match(await client.vread({ resourceType: 'Patient', id, version: '1' }), { gender: 'other' })
  const history = (await client.history({ resourceType: 'Patient', id })) as unknown as Bundle
  t.equal(history.entry?.length, 2)
  const missing: { response?: { status: number } } = await client.read({ resourceType: 'Patient', id: 'nobody' }).then(
    () => ({}),
    error => error,
  )
  t.equal(missing.response?.status, 404)
})
