// The sandbox's FHIR service beyond resources: $everything, $validate, compartments, bulk export, limits, roles and what it says of itself.
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { Bundle, CapabilityStatement, OperationOutcome, Patient, Resource } from '@medplum/fhirtypes'
import { type Test, test } from 'tap'
import { syntheticRecords } from '../../src/sandbox/fhir/records/records.ts'
import { type FhirServiceOptions, fhirService } from '../../src/sandbox/fhir/service.ts'
import { authority, type Client, startService } from './service-client.ts'

const json = { 'content-type': 'application/fhir+json' }
const exporting = { accept: 'application/fhir+json', prefer: 'respond-async' }
const records = syntheticRecords(1).map(({ resource }) => resource)

type Settings = { limits?: Pick<FhirServiceOptions, 'concurrentRequests' | 'exportMilliseconds'>; time?: { now: number } }

async function start(t: Test, { limits = {}, ...settings }: Settings = {}): Promise<Client> {
  const client = await startService('fhir', options => fhirService({ ...options, ...limits }), settings)
  t.teardown(client.close)
  return client
}

const bundleOf = async (response: Response): Promise<Bundle> => (await response.json()) as Bundle
const outcomeOf = async (response: Response): Promise<OperationOutcome> => (await response.json()) as OperationOutcome
const textOf = async (response: Response) => (await outcomeOf(response)).issue?.map(({ diagnostics }) => diagnostics).join(' ')
const linkOf = ({ link = [] }: Bundle, relation: string) => link.find(candidate => candidate.relation === relation)?.url
const namesOf = (pages: Bundle[]) =>
  pages.flatMap(({ entry = [] }) =>
    entry.flatMap(({ resource, search }) => (search?.mode === 'match' ? `${resource?.resourceType}/${resource?.id}` : [])),
  )
const send = (client: Client, method: string, path: string, body: unknown, headers = {}) =>
  client.ask(path, { method, headers: { ...json, ...headers }, body: JSON.stringify(body) })

async function walk(client: Client, path: string): Promise<Bundle[]> {
  const pages: Bundle[] = []
  for (let url: string | undefined = path; url; url = linkOf(pages.at(-1) as Bundle, 'next'))
    pages.push(await bundleOf(await client.ask(url)))
  return pages
}

/** The records that refer to a patient, and that patient, by name. */
function recordsOf(patientId: string): string[] {
  const own = records.filter(resource => JSON.stringify(resource).includes(`"Patient/${patientId}"`) || resource.id === patientId)
  return own.map(({ resourceType, id }) => `${resourceType}/${id}`)
}

test('$everything gives the patient, what it refers to and all that belongs to it, once each, page by page', async t => {
  const client = await start(t)
  for (const id of [
    'walker-1',
    'walker-2',
    'walker-3',
    'walker-4',
    'walker-5',
    'walker-6',
    'walker-7',
    'walker-8',
    'walker-9',
    'walker-10',
  ])
    await send(client, 'PUT', `/Basic/${id}`, {
      resourceType: 'Basic',
      id,
      code: { text: 'x' },
      subject: { reference: 'Patient/patient-01' },
    })
  await send(client, 'PUT', '/Device/pump', { resourceType: 'Device', id: 'pump', patient: { reference: 'Patient/patient-01' } })
  // Written after all that belongs to it, the patient must still not come twice.
  await send(
    client,
    'PUT',
    '/Patient/patient-01',
    records.find(({ id }) => id === 'patient-01'),
  )
  const pages = await walk(client, '/Patient/patient-01/$everything')
  const [first] = pages
  const patient = first?.entry?.[0]?.resource as Patient
  t.equal(patient.id, 'patient-01')
  t.same(namesOf([first as Bundle]).toSorted(), [
    ...[patient.managingOrganization?.reference, 'Patient/patient-01', patient.generalPractitioner?.[0]?.reference].toSorted(),
  ])
  t.match(linkOf(first as Bundle, 'next'), `${client.origin}/Patient/patient-01/$everything?ct=`)
  t.ok(pages.length >= 4, `${pages.length} pages`)
  const found = namesOf(pages)
  t.equal(new Set(found).size, found.length)
  const basics = Array.from({ length: 10 }, (_, index) => `Basic/walker-${index + 1}`)
  t.same(
    found.slice(3).toSorted(),
    [...recordsOf('patient-01').filter(name => name !== 'Patient/patient-01'), ...basics, 'Device/pump'].toSorted(),
  )
  t.same(namesOf([pages.at(-1) as Bundle]), ['Device/pump'], 'devices come last')
})

test('$everything is narrowed by type, instant and date of care; somebody unknown has nothing', async t => {
  const client = await start(t)
  const types = await walk(client, '/Patient/patient-01/$everything?_type=Observation,Patient')
  t.same([...new Set(namesOf(types).map(name => name.split('/')[0]))].toSorted(), ['Observation', 'Patient'])
  const dated = namesOf(await walk(client, '/Patient/patient-01/$everything?start=1990-01-01&end=1991-01-01'))
  t.notOk(
    dated.some(name => /^(Encounter|Observation)\//.test(name)),
    'care was later',
  )
  t.ok(dated.includes('Patient/patient-01'), 'a patient has no such date')
  t.same(namesOf(await walk(client, '/Patient/patient-01/$everything?_since=2026-01-01')), [])
  t.same(namesOf(await walk(client, '/Patient/nobody/$everything')), [])
  const warned = await bundleOf(await client.ask('/Patient/patient-01/$everything?_count=2'))
  t.match(warned.entry?.[0], {
    search: { mode: 'outcome' },
    resource: { issue: [{ severity: 'warning', diagnostics: 'The "_count" parameter is not supported.' }] },
  })
  t.equal(linkOf(warned, 'self'), `${client.origin}/Patient/patient-01/$everything`)
  for (const query of ['_type=Nothing', '_since=x', 'start=x', 'ct=x'])
    t.equal((await client.ask(`/Patient/patient-01/$everything?${query}`)).status, 400, query)
  t.equal((await client.ask('/Practitioner/practitioner-01/$everything')).status, 404)
})

test('a compartment search finds what belongs to the patient, in pages', async t => {
  const client = await start(t)
  const observations = recordsOf('patient-02').filter(name => name.startsWith('Observation/'))
  const pages = await walk(client, '/Patient/patient-02/Observation?_count=2')
  t.same(namesOf(pages), observations)
  t.match(linkOf(pages[0] as Bundle, 'self'), `${client.origin}/Patient/patient-02/Observation?_count=2`)
  t.same(namesOf(await walk(client, '/Patient/patient-02/Observation?code=nothing')), [])
  for (const path of ['/Patient/patient-02/Organization', '/Patient/patient-02/Nothing', '/Practitioner/practitioner-01/Observation'])
    t.equal((await client.ask(path)).status, 404, path)
})

test('a search across types is confined by _type and common parameters, and pages like any other', async t => {
  const client = await start(t)
  const wanted = records.filter(({ resourceType }) => resourceType === 'Patient' || resourceType === 'Organization')
  const pages = await walk(client, '/?_type=Patient,Organization&_count=20')
  t.same(
    namesOf(pages),
    wanted.map(({ resourceType, id }) => `${resourceType}/${id}`),
  )
  t.equal(linkOf(pages[0] as Bundle, 'self'), `${client.origin}/?_type=Patient%2COrganization&_count=20`)
  t.same(namesOf(await walk(client, '/?_id=patient-01')), ['Patient/patient-01'])
  t.same(namesOf(await walk(client, '/?_lastUpdated=gt2026-01-01')), [])
  const all = await bundleOf(await client.ask('/?_tag=HTEST&_summary=count'))
  t.equal(all.total, records.length)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const posted = await bundleOf(await client.ask('/_search', { method: 'POST', as: 'reader', headers: form, body: '_type=Group' }))
  t.same(namesOf([posted]), ['Group/group-01'])
  t.equal((await client.ask('/?_type=Nothing')).status, 400)
  t.equal((await client.ask('/?family=Sample', { headers: { prefer: 'handling=strict' } })).status, 400)
  t.equal((await client.ask('/', { as: '' })).status, 401)
})

test('$validate says with 200 what is wrong with a resource, sent or stored, and stores nothing', async t => {
  const client = await start(t)
  const before = await bundleOf(await client.ask('/_history?_count=0'))
  const good = { resourceType: 'Patient', gender: 'other' }
  const bad = { resourceType: 'Observation', status: 'final' }
  const asked: [string, unknown, string][] = [
    ['/Patient/$validate', good, 'All OK'],
    ['/$validate', good, 'All OK'],
    ['/Patient/$validate?mode=create&profile=http://hl7.org/fhir/StructureDefinition/Patient', good, 'All OK'],
    [
      '/Patient/$validate',
      {
        resourceType: 'Parameters',
        parameter: [
          { name: 'mode', valueCode: 'update' },
          { name: 'resource', resource: good },
        ],
      },
      'All OK',
    ],
    ['/Observation/$validate', bad, 'Missing required property'],
    ['/$validate', { resourceType: 'Frobnication' }, "Resource type 'Frobnication' is not supported."],
    ['/Patient/patient-01/$validate', { resourceType: 'Parameters', parameter: [] }, 'All OK'],
  ]
  for (const [path, body, text] of asked) {
    const response = await client.ask(path, { method: 'POST', as: 'reader', headers: json, body: JSON.stringify(body) })
    t.equal(response.status, 200, path)
    t.match(await textOf(response), text, path)
  }
  t.match(await textOf(await client.ask('/Patient/patient-01/$validate')), 'All OK')
  for (const [path, body] of [
    ['/Patient/$validate', bad],
    ['/Patient/$validate', []],
    ['/Patient/$validate', { resourceType: 'Parameters' }],
    ['/Patient/$validate?profile=nonsense', good],
  ] as const)
    t.equal((await send(client, 'POST', path, body)).status, 400, JSON.stringify(body))
  t.equal((await client.ask('/Patient/nobody/$validate')).status, 404)
  t.equal((await bundleOf(await client.ask('/_history?_count=0'))).total, before.total)
})

type Manifest = {
  transactionTime: string
  request: string
  requiresAccessToken: boolean
  output: { type: string; url: string; count: number }[]
  error: []
}

async function exported(client: Client, path: string, time: { now: number }) {
  const begun = await client.ask(path, { headers: exporting })
  time.now += 1000
  const manifest = (await (await client.ask(begun.headers.get('content-location') ?? '')).json()) as Manifest
  const files = await Promise.all(manifest.output.map(async ({ url }) => (await fetch(url)).text()))
  return {
    manifest,
    resources: files.flatMap(file =>
      file
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line) as Resource),
    ),
  }
}

test('a system export is begun, polled, fetched from another host without a token, and cancelled', async t => {
  const time = { now: Date.parse('2026-01-02T03:04:05Z') }
  const client = await start(t, { time })
  const begun = await client.ask('/$export', { headers: exporting })
  t.equal(begun.status, 202)
  const status = begun.headers.get('content-location') ?? ''
  t.match(status, new RegExp(`^${client.origin}/_operations/export/[0-9a-f-]{36}$`))
  const waiting = await client.ask(status)
  t.same([waiting.status, waiting.headers.get('x-progress'), await waiting.text()], [202, 'in progress', ''])
  await client.ask('/Patient/patient-01', { method: 'DELETE' })
  time.now += 1000
  const done = await client.ask(status)
  t.equal(done.status, 200)
  const manifest = (await done.json()) as Manifest
  t.match(manifest, {
    transactionTime: '2026-01-02T03:04:05.000Z',
    request: `${client.origin}/$export`,
    requiresAccessToken: false,
    error: [],
  })
  const found: string[] = []
  for (const { type, url, count } of manifest.output) {
    t.not(new URL(url).origin, client.origin)
    const file = await fetch(url)
    t.same([file.status, file.headers.get('content-type')], [200, 'application/fhir+ndjson'])
    const lines = (await file.text())
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Resource)
    t.ok(lines.length === count && lines.every(({ resourceType }) => resourceType === type), type)
    found.push(...lines.map(({ resourceType, id }) => `${resourceType}/${id}`))
  }
  t.same(found.toSorted(), records.map(({ resourceType, id }) => `${resourceType}/${id}`).toSorted(), 'as it was when the export began')
  const cancelled = await client.ask(status, { method: 'DELETE' })
  t.equal(cancelled.status, 202)
  t.equal((await client.ask(status)).status, 404)
  t.equal((await client.ask(status, { method: 'DELETE' })).status, 404)
  t.equal((await fetch(manifest.output[0]?.url ?? '')).status, 404)
})

test('exports of patients and of a group hold what belongs to them; parameters narrow each', async t => {
  const time = { now: Date.parse('2026-01-02T03:04:05Z') }
  const client = await start(t, { time })
  const patients = await exported(client, '/Patient/$export', time)
  t.same(
    patients.manifest.output.map(({ type }) => type),
    ['Condition', 'Encounter', 'Group', 'ImagingStudy', 'MedicationRequest', 'Observation', 'Patient'],
  )
  const group = await exported(client, '/Group/group-01/$export?_type=Patient,Observation&_container=my-files', time)
  const people = group.resources.filter(({ resourceType }) => resourceType === 'Patient').map(({ id }) => id)
  t.same(people, ['patient-01', 'patient-02', 'patient-03', 'patient-04', 'patient-05'])
  t.ok(group.resources.length > people.length)
  t.match(new URL(group.manifest.output[0]?.url ?? '').pathname, /^\/my-files\//)
  await send(client, 'PUT', '/Patient/late', { resourceType: 'Patient', id: 'late', gender: 'other' })
  const since = await exported(client, `/$export?_since=2026-01-01&_outputFormat=application/fhir%2Bndjson`, time)
  t.same(
    since.resources.map(({ id }) => id),
    ['late'],
  )
  const till = await exported(client, `/$export?_type=Patient&_till=2026-01-01`, time)
  t.notOk(till.resources.some(({ id }) => id === 'late'))
  const filtered = await exported(
    client,
    `/$export?_type=Patient,Organization&_typeFilter=${encodeURIComponent('Patient?gender=female,Patient?gender=other')}`,
    time,
  )
  const genders = new Set(filtered.resources.flatMap(resource => (resource.resourceType === 'Patient' ? resource.gender : [])))
  t.same([...genders].toSorted(), ['female', 'other'])
  t.ok(filtered.resources.some(({ resourceType }) => resourceType === 'Organization'))
  t.equal((await client.ask('/Group/nobody/$export', { headers: exporting })).status, 404)
})

test('an export must be asked for as documented, by somebody who may', async t => {
  const client = await start(t)
  for (const [headers, text] of [
    [{ prefer: 'respond-async', accept: 'application/json' }, 'for the "Accept" header is not supported'],
    [{ accept: 'application/fhir+json' }, 'Missing required header; Prefer'],
    [{ accept: 'application/fhir+json', prefer: 'handling=strict' }, 'Missing required header value; header=Prefer,value=respond-async.'],
    [{ accept: 'application/fhir+json', prefer: 'respond-async, return=minimal' }, 'for the "Prefer" header is not supported'],
  ] as const) {
    const response = await client.ask('/$export', { headers })
    t.equal(response.status, 400, text)
    t.match(await textOf(response), text)
  }
  for (const query of [
    '_type=Nothing',
    '_frobnicate=1',
    '_outputFormat=csv',
    '_since=x',
    '_container=../x',
    '_typeFilter=Patient?gender=male',
    '_type=Patient&_typeFilter=Basic?code=1',
  ])
    t.equal((await client.ask(`/$export?${query}`, { headers: exporting })).status, 400, query)
  for (const [as, status] of [
    ['reader', 403],
    ['exporter', 202],
    ['', 401],
  ] as const)
    t.equal((await client.ask('/$export', { headers: exporting, as })).status, status, as)
  const job = (await client.ask('/$export', { headers: exporting })).headers.get('content-location') ?? ''
  t.equal((await client.ask(job, { as: 'reader' })).status, 403)
  t.equal((await send(client, 'POST', '/Patient', { resourceType: 'Patient' }, { authorization: 'Bearer exporter' })).status, 403)
})

test('the export storage wants a signature, and refuses whoever brings it the token of the FHIR service', async t => {
  const time = { now: Date.parse('2026-01-02T03:04:05Z') }
  const client = await start(t, { time })
  const { manifest } = await exported(client, '/$export?_type=Patient', time)
  const url = manifest.output[0]?.url ?? ''
  const leaked = await fetch(url, { headers: { authorization: 'Bearer writer' } })
  t.same([leaked.status, leaked.headers.get('x-ms-error-code')], [400, 'InvalidAuthenticationInfo'])
  t.notMatch(await leaked.text(), 'writer')
  const altered = (name: string, value: string) => {
    const other = new URL(url)
    other.searchParams.set(name, value)
    return other
  }
  for (const other of [
    altered('sig', 'AAAA'),
    altered('se', '2099-01-01T00:00:00Z'),
    url.split('?')[0] ?? '',
    url.replace('Patient-1', 'Basic-1'),
  ]) {
    const response = await fetch(other)
    t.same([response.status, response.headers.get('x-ms-error-code')], [403, 'AuthenticationFailed'], String(other))
  }
  t.equal((await fetch(new URL('/', url))).status, 404)
  t.equal((await fetch(url)).status, 200)
  time.now += 3600_000
  t.equal((await fetch(url)).status, 403, 'a signature is good for an hour')
})

/** A request that the service works on until its body ends. */
async function beginUpload(origin: string) {
  const headers = { ...json, authorization: 'Bearer writer', expect: '100-continue' }
  const upload = request(`${origin}/Patient`, { method: 'POST', headers })
  const answered = once(upload, 'response') as Promise<[IncomingMessage]>
  upload.flushHeaders()
  await once(upload, 'continue')
  return {
    finish: async (body: string) => {
      upload.end(body)
      const [response] = await answered
      response.resume()
      await once(response, 'close')
      return response.statusCode
    },
  }
}

test('requests beyond the limit are throttled with both forms of the wait, which grows; those without a token are not', async t => {
  const limit: { most: number | undefined } = { most: undefined }
  const client = await start(t, { limits: { concurrentRequests: () => limit.most } })
  t.equal((await client.ask('/Patient')).status, 200)
  limit.most = 0
  const waits: number[] = []
  for (let times = 0; times < 30; times++) {
    const response = await client.ask('/Patient')
    t.equal(response.status, 429)
    t.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
    const milliseconds = Number(response.headers.get('x-ms-retry-after-ms'))
    t.equal(response.headers.get('retry-after'), String(Math.max(1, Math.ceil(milliseconds / 1000))))
    waits.push(milliseconds)
    t.same(await response.json(), {
      resourceType: 'OperationOutcome',
      issue: [
        { severity: 'error', code: 'throttled', diagnostics: 'The maximum number of concurrent API calls on this instance was reached.' },
      ],
    })
  }
  t.ok(
    waits.every((wait, index) => wait >= 20 && wait <= 60_000 && wait > (waits[index - 1] ?? 0)),
    waits.join(),
  )
  t.ok((waits.at(-1) ?? 0) > 1000)
  t.equal((await client.ask('/metadata', { as: '' })).status, 200)
  t.equal((await client.ask('/Patient', { as: '' })).status, 401)
  limit.most = 1
  const upload = await beginUpload(client.origin)
  t.equal((await client.ask('/Patient')).status, 429, 'one is being worked on')
  t.equal(await upload.finish('{"resourceType":"Patient"}'), 201)
  t.equal((await client.ask('/Patient')).status, 200)
  limit.most = undefined
  t.equal((await client.ask('/Patient')).status, 200)
})

test('audit fields are limited to ten of 2,048 characters', async t => {
  const client = await start(t)
  const fields = (count: number, value: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-ms-azurefhir-audit-f${index}`, value]))
  t.equal((await client.ask('/Patient', { headers: fields(10, 'a'.repeat(100)) })).status, 200)
  t.equal((await client.ask('/Patient', { headers: fields(1, 'a'.repeat(2048)) })).status, 200)
  for (const [headers, text] of [
    [fields(11, 'a'), 'The maximum number of custom audit headers allowed is 10.'],
    [fields(1, 'a'.repeat(2049)), 'The maximum length of a custom audit header value is 2048.'],
  ] as const) {
    const response = await client.ask('/Patient', { headers })
    t.equal(response.status, 431)
    t.match(await textOf(response), text)
  }
})

test('the app roles of an application’s own token permit what they say, and count for nothing beside a scope', async t => {
  const client = await start(t)
  const status = async (as: string, method: string, path: string, headers = {}) =>
    (
      await client.ask(path, {
        as,
        method,
        headers: { ...json, ...headers },
        ...(method === 'POST' && { body: '{"resourceType":"Patient"}' }),
      })
    ).status
  t.same(
    [await status('app-role:system.all.read', 'GET', '/Patient'), await status('app-role:system.all.read', 'POST', '/Patient')],
    [200, 403],
  )
  t.same(
    [await status('app-role:system.all.all', 'GET', '/Patient'), await status('app-role:system.all.all', 'POST', '/Patient')],
    [200, 201],
  )
  t.equal(await status('app-role:system.all.read', 'GET', '/$export', exporting), 403)
  t.equal(await status('app-role:system.all.all', 'GET', '/$export', exporting), 202)
  t.equal(await status('app-role:other', 'GET', '/Patient'), 403)
  t.equal(await status('scope-and-role', 'GET', '/Patient'), 403)
})

test('what the service says of itself is what it serves', async t => {
  const client = await start(t)
  const statement = (await (await client.ask('/metadata', { as: '' })).json()) as CapabilityStatement
  const [rest] = statement.rest ?? []
  t.same(
    rest?.interaction?.map(({ code }) => code),
    ['batch', 'transaction', 'history-system', 'search-system'],
  )
  t.same(
    rest?.operation?.map(({ name }) => name),
    ['export', 'validate'],
  )
  const patient = rest?.resource?.find(({ type }) => type === 'Patient')
  t.same(
    patient?.operation?.map(({ name }) => name),
    ['validate', 'everything', 'export'],
  )
  t.ok(patient?.interaction?.some(({ code }) => code === 'history-type'))
  t.match(patient, { conditionalCreate: true, conditionalUpdate: true, conditionalDelete: 'multiple' })
  const smart = await client.ask('/.well-known/smart-configuration', { as: '' })
  t.equal(smart.status, 200)
  t.match(await smart.json(), {
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    capabilities: ['client-public'],
  })
})
