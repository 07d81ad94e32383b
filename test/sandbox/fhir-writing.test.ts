// The sandbox's FHIR service, written to over a socket: batches, transactions, conditional interactions, versions and histories.
import type { Bundle, BundleEntry, OperationOutcome, Patient, Resource } from '@medplum/fhirtypes'
import { type Test, test } from 'tap'
import { fhirService } from '../../src/sandbox/fhir/service.ts'
import { type Client, startService } from './service-client.ts'

const json = { 'content-type': 'application/fhir+json' }
const jsonPatch = { 'content-type': 'application/json-patch+json' }

async function start(t: Test, settings?: Parameters<typeof startService>[2]): Promise<Client> {
  const client = await startService('fhir', fhirService, settings)
  t.teardown(client.close)
  return client
}

type Init = { headers?: Record<string, string>; as?: string }

const send = (client: Client, method: string, path: string, body?: unknown, { headers = {}, as = 'writer' }: Init = {}) =>
  client.ask(path, { method, as, headers: { ...json, ...headers }, ...(body !== undefined && { body: JSON.stringify(body) }) })
const bundleOf = async (response: Response): Promise<Bundle> => (await response.json()) as Bundle
const outcomeOf = async (response: Response): Promise<OperationOutcome> => (await response.json()) as OperationOutcome
const textOf = async (response: Response) => (await outcomeOf(response)).issue?.map(({ diagnostics }) => diagnostics).join(' ')
const countOf = async (client: Client, query: string) => (await bundleOf(await client.ask(`/${query}&_summary=count`))).total
const linkOf = ({ link = [] }: Bundle, relation: string) => link.find(candidate => candidate.relation === relation)?.url
const statusesOf = ({ entry = [] }: Bundle) => entry.map(({ response }) => response?.status)
const outcomeIn = ({ response }: BundleEntry): OperationOutcome | undefined => response?.outcome as OperationOutcome | undefined

const identified = (value: string, more: object = {}) => ({
  ...{ resourceType: 'Patient', identifier: [{ system: 'http://x.example', value }] },
  ...more,
})
const observationOf = (reference: string) => ({
  ...{ resourceType: 'Observation', status: 'final', code: { text: 'test' }, subject: { reference } },
})
const entry = (method: string, url: string, resource?: object, more: object = {}) => ({
  ...more,
  ...(resource && { resource }),
  request: {
    method,
    url,
    ...('ifNoneExist' in more && { ifNoneExist: more.ifNoneExist }),
    ...('ifMatch' in more && { ifMatch: more.ifMatch }),
  },
})
const bundle = (type: string, ...entries: object[]) => ({ resourceType: 'Bundle', type, entry: entries })

test('a batch carries out each entry for itself and answers in their order, deletions first', async t => {
  const client = await start(t)
  const binary = {
    resourceType: 'Binary',
    contentType: 'application/json-patch+json',
    data: btoa('[{"op":"add","path":"/active","value":false}]'),
  }
  const response = await send(
    client,
    'POST',
    '/',
    bundle(
      'batch',
      entry('GET', 'Patient/patient-01'),
      entry('GET', '/Patient?_id=patient-02'),
      entry('POST', 'Patient', identified('batch')),
      entry('PUT', 'Patient/patient-03', { resourceType: 'Patient', id: 'patient-03' }, { ifMatch: 'W/"9"' }),
      entry('PATCH', 'Patient/patient-04', binary),
      entry('DELETE', 'Patient/patient-01'),
      entry('GET', 'Nothing/1'),
      entry('GET', 'Patient/nobody'),
      entry('POST', 'Observation', { resourceType: 'Observation' }),
      entry('GET', 'Patient/patient-02/$everything'),
      entry('GET', 'http://elsewhere.example/Patient'),
      {},
    ),
  )
  t.equal(response.status, 200)
  const answer = await bundleOf(response)
  t.match(answer, { type: 'batch-response', id: response.headers.get('x-request-id') })
  t.same(statusesOf(answer), ['410', '200', '201', '412', '200', '204', '404', '404', '400', '200', '400', '400'])
  const [deleted, found, created, conflict, patched] = answer.entry ?? []
  t.match(outcomeIn(deleted ?? {}), { resourceType: 'OperationOutcome', issue: [{ code: 'deleted' }] })
  t.equal((found?.resource as Bundle | undefined)?.entry?.length, 1)
  t.match(created?.response, {
    etag: 'W/"1"',
    location: `${client.origin}/Patient/${created?.resource?.id}/_history/1`,
    lastModified: String,
  })
  t.match(outcomeIn(conflict ?? {}), { issue: [{ code: 'conflict', diagnostics: "The supplied version '9' did not match." }] })
  t.match(patched?.resource, { id: 'patient-04', active: false })
})

test('the entries of a batch are permitted one by one', async t => {
  const client = await start(t)
  const mixed = bundle('batch', entry('GET', 'Patient/patient-01'), entry('DELETE', 'Patient/patient-01'))
  const answer = await bundleOf(await send(client, 'POST', '/', mixed, { as: 'reader' }))
  t.same(statusesOf(answer), ['200', '403'])
  t.match(outcomeIn(answer.entry?.[1] ?? {}), { issue: [{ code: 'forbidden', diagnostics: 'Authorization failed.' }] })
  const whole = await send(client, 'POST', '/', { ...mixed, type: 'transaction' }, { as: 'reader' })
  t.equal(whole.status, 403)
  t.equal((await client.ask('/Patient/patient-01')).status, 200)
})

test('a transaction resolves references by fullUrl and by criteria, whatever the order of its entries', async t => {
  const client = await start(t)
  const [patientUrl, observationUrl] = ['urn:uuid:11111111-0000-4000-8000-000000000001', 'urn:uuid:11111111-0000-4000-8000-000000000002']
  const response = await send(
    client,
    'POST',
    '/',
    bundle(
      'transaction',
      entry(
        'POST',
        'Observation',
        { ...observationOf(patientUrl), performer: [{ reference: 'Patient?identifier=http://hallpass.example/mrn|HTEST-0002' }] },
        { fullUrl: observationUrl },
      ),
      entry('POST', 'Patient', identified('family'), { fullUrl: patientUrl }),
      entry('POST', 'Provenance', {
        ...{ resourceType: 'Provenance', recorded: '2026-01-01T00:00:00Z', agent: [{ who: { reference: patientUrl } }] },
        target: [{ reference: observationUrl }, { reference: 'Organization/organization-01' }],
      }),
      entry('GET', 'Observation?patient.identifier=http://x.example|family'),
    ),
    { headers: { 'x-bundle-processing-logic': 'parallel' } },
  )
  t.equal(response.status, 200)
  const answer = await bundleOf(response)
  t.equal(answer.type, 'transaction-response')
  t.same(statusesOf(answer), ['201', '201', '201', '200'])
  const [observation, patient, provenance, found] = (answer.entry ?? []).map(({ resource }) => resource)
  t.match(observation, { subject: { reference: `Patient/${patient?.id}` }, performer: [{ reference: 'Patient/patient-02' }] })
  t.match(provenance, {
    agent: [{ who: { reference: `Patient/${patient?.id}` } }],
    target: [{ reference: `Observation/${observation?.id}` }, { reference: 'Organization/organization-01' }],
  })
  t.equal((await client.ask(`/Patient/${patient?.id}`)).status, 200)
  t.same(
    (found as Bundle | undefined)?.entry?.map(({ resource }) => resource?.id),
    [observation?.id],
    'reading comes last',
  )
})

test('a transaction with conditional entries refers to what is there already', async t => {
  const client = await start(t)
  const existing = (await (await send(client, 'POST', '/Patient', identified('known'))).json()) as Patient
  const conditional = bundle(
    'transaction',
    entry('POST', 'Patient', identified('known'), { fullUrl: 'urn:uuid:1', ifNoneExist: 'identifier=http://x.example|known' }),
    entry('POST', 'Observation', observationOf('urn:uuid:1'), { fullUrl: 'urn:uuid:2' }),
    entry('PUT', 'Patient?identifier=http://x.example|upserted', identified('upserted', { active: true }), { fullUrl: 'urn:uuid:3' }),
    entry('POST', 'Observation', observationOf('urn:uuid:3'), { fullUrl: 'urn:uuid:4' }),
  )
  const first = await bundleOf(await send(client, 'POST', '/', conditional))
  t.same(statusesOf(first), ['200', '201', '201', '201'])
  const [known, one, upserted, two] = (first.entry ?? []).map(({ resource }) => resource)
  t.equal(known?.id, existing.id)
  t.match(one, { subject: { reference: `Patient/${existing.id}` } })
  t.match(two, { subject: { reference: `Patient/${upserted?.id}` } })
  const second = await bundleOf(await send(client, 'POST', '/', conditional))
  t.same(statusesOf(second), ['200', '201', '200', '201'])
  t.equal(second.entry?.[2]?.resource?.id, upserted?.id)
})

test('a transaction that fails anywhere leaves nothing behind, and says where', async t => {
  const client = await start(t)
  const before = await bundleOf(await client.ask('/_history?_summary=count'))
  const good = entry('POST', 'Patient', identified('rolled-back'), { fullUrl: 'urn:uuid:1' })
  const failures: [number, RegExp, object[]][] = [
    [404, /Transaction failed on 'GET' for the requested url '\/Patient\/nobody'\..*couldn't be found/, [entry('GET', 'Patient/nobody')]],
    [
      400,
      /Transaction failed on 'POST' for the requested url '\/Observation'\./,
      [entry('POST', 'Observation', { resourceType: 'Observation' })],
    ],
    [412, /did not match/, [entry('PUT', 'Patient/patient-01', { resourceType: 'Patient', id: 'patient-01' }, { ifMatch: 'W/"7"' })]],
    [400, /does not resolve to a resource/, [entry('POST', 'Observation', observationOf('Patient?identifier=nobody'))]],
    [400, /resolved to multiple resources/, [entry('POST', 'Observation', observationOf('Patient?active=true'))]],
    [400, /Resource type 'Nothing' in the reference/, [entry('POST', 'Observation', observationOf('Nothing?x=1'))]],
    [412, /not selective enough for query parameter/, [entry('PUT', 'Patient?active=true', identified('many'))]],
    [400, /refers to the same resource/, [0, 1].map(() => entry('DELETE', 'Patient/patient-01'))],
    [400, /not supported using DELETE/, [entry('DELETE', 'Patient?active=true')]],
    [400, /not supported using POST/, [entry('POST', 'Patient/_search')]],
    [400, /invalid using the request method FETCH/, [entry('FETCH', 'Patient')]],
    [400, /request\.url is required/, [{}]],
    [400, /does not support resource type: Bundle/, [entry('POST', 'Bundle', bundle('batch'))]],
  ]
  for (const [status, text, entries] of failures) {
    const deletion = entry('DELETE', 'Patient/patient-09')
    const response = await send(client, 'POST', '/', bundle('transaction', good, deletion, ...entries))
    t.equal(response.status, status, String(text))
    t.match(await textOf(response), text)
  }
  t.equal((await client.ask('/Patient/patient-09')).status, 200)
  t.equal((await bundleOf(await client.ask('/_history?_summary=count'))).total, before.total, 'no version was written')
})

test('a transaction that is rolled back takes nothing with it that others wrote meanwhile', async t => {
  const client = await start(t)
  const failing = bundle('transaction', entry('POST', 'Patient', identified('undone')), entry('GET', 'Patient/nobody'))
  const names = Array.from({ length: 20 }, (_, index) => `kept-${index}`)
  const answers = await Promise.all(
    names.flatMap(name => [send(client, 'POST', '/', failing), send(client, 'PUT', `/Patient/${name}`, identified(name, { id: name }))]),
  )
  t.same(new Set(answers.map(({ status }) => status)), new Set([404, 201]))
  t.equal(await countOf(client, `Patient?_id=${names.join()}`), names.length)
  t.equal(await countOf(client, 'Patient?identifier=http://x.example|undone'), 0)
})

test('what is no batch or transaction is refused, and so are more than 500 entries', async t => {
  const client = await start(t)
  const entries = (count: number) => Array.from({ length: count }, (_, index) => entry('GET', `Patient/patient-${index}`))
  const refusals: [number, RegExp, unknown][] = [
    [400, /Only a bundle can be submitted/, { resourceType: 'Patient' }],
    [405, /Bundle type is not present/, { resourceType: 'Bundle' }],
    [405, /Bundles of type 'collection' are not supported/, bundle('collection')],
    [400, /must be a list/, { resourceType: 'Bundle', type: 'batch', entry: {} }],
    [400, /must be a list/, { resourceType: 'Bundle', type: 'batch', entry: [null] }],
    [400, /exceeded the configured limit of 500/, bundle('batch', ...entries(501))],
  ]
  for (const [status, text, body] of refusals) {
    const response = await send(client, 'POST', '/', body)
    t.equal(response.status, status, String(text))
    t.match(await textOf(response), text)
  }
  t.equal((await bundleOf(await send(client, 'POST', '/', bundle('batch', ...entries(500))))).entry?.length, 500)
  t.same((await bundleOf(await send(client, 'POST', '/', bundle('transaction')))).entry, [])
})

test('a conditional update creates, updates its one match, and refuses several', async t => {
  const client = await start(t)
  const url = '/Patient?identifier=http://x.example|1'
  const created = await send(client, 'PUT', url, identified('1'))
  t.equal(created.status, 201)
  const { id } = (await created.json()) as Patient
  t.equal(created.headers.get('location'), `${client.origin}/Patient/${id}/_history/1`)
  const updated = await send(client, 'PUT', url, identified('1', { active: true }))
  t.same([updated.status, updated.headers.get('etag')], [200, 'W/"2"'])
  t.match(await updated.json(), { id, active: true })
  const other = await send(client, 'PUT', url, identified('1', { id: 'another' }))
  t.equal(other.status, 400)
  t.match(await textOf(other), `Found result with Id '${id}', which did not match the provided Id 'another'.`)
  t.equal((await send(client, 'PUT', '/Patient?identifier=http://x.example|2', identified('2', { id: 'chosen' }))).status, 201)
  t.equal((await client.ask('/Patient/chosen')).status, 200)
  const several = await send(client, 'PUT', '/Patient?active=true', identified('1'))
  t.equal(several.status, 412)
  t.match(await outcomeOf(several), { issue: [{ code: 'conflict', diagnostics: /was not selective enough/ }] })
  t.equal((await send(client, 'PUT', '/Patient?frobnicate=1', identified('1'))).status, 400)
  t.equal((await send(client, 'PUT', '/Patient', identified('1'))).status, 412)
})

test('a conditional delete takes its one match, or with _count up to so many and says how many', async t => {
  const client = await start(t)
  for (const value of ['1', '2', '3']) await send(client, 'POST', '/Patient', identified(value, { name: [{ family: 'Deletable' }] }))
  const remove = (query: string) => client.ask(`/Patient?${query}`, { method: 'DELETE' })
  t.equal((await remove('family=Deletable')).status, 412)
  const two = await remove('family=Deletable&_count=2')
  t.same([two.status, two.headers.get('items-deleted')], [204, '2'])
  const one = await remove('family=Deletable')
  t.same([one.status, one.headers.get('etag'), one.headers.get('items-deleted')], [204, 'W/"2"', null])
  const none = await remove('family=Deletable&_count=5')
  t.same([none.status, none.headers.get('items-deleted')], [204, '0'])
  for (const count of ['0', '101', 'x']) t.equal((await remove(`family=Example&_count=${count}`)).status, 400, count)
  t.equal((await remove('_count=5')).status, 412, 'a count alone would take anybody')
})

test('a hard delete leaves no history', async t => {
  const client = await start(t)
  t.equal((await client.ask('/Patient/patient-01?_hardDelete=true', { method: 'DELETE' })).status, 204)
  t.equal((await client.ask('/Patient/patient-01')).status, 404)
  t.equal((await client.ask('/Patient/patient-01/_history')).status, 404)
})

test('If-Match guards update, patch and delete: 412 for another version, 400 for what is no weak tag', async t => {
  const client = await start(t)
  const path = '/Patient/patient-01'
  const operations = [{ op: 'add', path: '/active', value: false }]
  const writes: ((tag: string) => Promise<Response>)[] = [
    tag => send(client, 'PUT', path, { resourceType: 'Patient', id: 'patient-01' }, { headers: { 'if-match': tag } }),
    tag => send(client, 'PATCH', path, operations, { headers: { ...jsonPatch, 'if-match': tag } }),
    tag => client.ask(path, { method: 'DELETE', headers: { 'if-match': tag } }),
  ]
  for (const [index, write] of writes.entries()) {
    t.equal((await write('W/"17"')).status, 412)
    for (const malformed of ['1', '"1"', 'W/1']) {
      const response = await write(malformed)
      t.equal(response.status, 400, malformed)
      t.match(await textOf(response), 'must be in the weak ETag format')
    }
    t.ok((await write(`W/"${index + 1}"`)).ok)
  }
  t.equal((await client.ask(path)).status, 410)
  const missing = await send(
    client,
    'PUT',
    '/Patient/new-one',
    { resourceType: 'Patient', id: 'new-one' },
    { headers: { 'if-match': 'W/"1"' } },
  )
  t.equal(missing.status, 404)
})

test('patches come as JSON Patch or FHIRPath Patch, by id or by criteria, and fail whole', async t => {
  const client = await start(t)
  const path = '/Patient/patient-01'
  const part = (name: string, value: object) => ({ name, ...value })
  const fhirPath = {
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'operation',
        part: [
          part('type', { valueCode: 'replace' }),
          part('path', { valueString: 'Patient.gender' }),
          part('value', { valueCode: 'other' }),
        ],
      },
    ],
  }
  t.match(await (await send(client, 'PATCH', path, fhirPath)).json(), { gender: 'other', meta: { versionId: '2' } })
  const byCriteria = '/Patient?identifier=http://hallpass.example/mrn|HTEST-0001'
  const patched = await send(client, 'PATCH', byCriteria, [{ op: 'replace', path: '/gender', value: 'unknown' }], { headers: jsonPatch })
  t.match(await patched.json(), { id: 'patient-01', gender: 'unknown', meta: { versionId: '3' } })
  for (const [status, operations, at = path] of [
    [400, [{ op: 'test', path: '/gender', value: 'male-ish' }]],
    [400, [{ op: 'remove', path: '/nothing/here' }]],
    [400, [{ op: 'replace', path: '/id', value: 'other' }]],
    [400, [{ op: 'add', path: '/frobnicate', value: 1 }]],
    [404, [], '/Patient/nobody'],
    [404, [], '/Patient?identifier=nobody'],
    [412, [], '/Patient?active=true'],
  ] as const)
    t.equal((await send(client, 'PATCH', at, operations, { headers: jsonPatch })).status, status, JSON.stringify(operations))
  t.equal((await (await client.ask(path)).json()).meta.versionId, '3', 'what failed changed nothing')
})

test('a create answers with what was preferred, and refuses preferences that there are not', async t => {
  const client = await start(t)
  const create = (prefer: string, condition = {}) =>
    send(client, 'POST', '/Patient', identified('preferred'), { headers: { prefer, ...condition } })
  const minimal = await create('return=minimal')
  t.same([minimal.status, await minimal.text()], [201, ''])
  t.match(minimal.headers.get('location'), `${client.origin}/Patient/`)
  t.equal(minimal.headers.get('etag'), 'W/"1"')
  const outcome = await create('return=OperationOutcome')
  t.equal(outcome.status, 201)
  t.match(await outcomeOf(outcome), {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'information', diagnostics: 'A new resource was created.' }],
  })
  t.match(await (await create('handling=strict, return=representation')).json(), { resourceType: 'Patient' })
  const again = await send(client, 'POST', '/Patient', identified('single'), {
    headers: { 'if-none-exist': 'identifier=http://x.example|single' },
  })
  t.equal(again.status, 201)
  const existing = await send(client, 'POST', '/Patient', identified('single'), {
    headers: { prefer: 'return=OperationOutcome', 'if-none-exist': 'identifier=http://x.example|single' },
  })
  t.same([existing.status, existing.headers.get('etag')], [200, 'W/"1"'])
  t.match(await outcomeOf(existing), { issue: [{ diagnostics: 'The resource already exists.' }] })
  const total = await countOf(client, 'Patient?identifier=http://x.example|preferred')
  for (const prefer of ['return=all', 'handling=gentle', 'return=']) {
    const response = await create(prefer)
    t.equal(response.status, 400, prefer)
    t.match(await textOf(response), /is invalid\. The supported values are: /)
  }
  t.equal(await countOf(client, 'Patient?identifier=http://x.example|preferred'), total)
})

test('a deleted version is gone, its tag is told, and what was never there is not found', async t => {
  const client = await start(t)
  await client.ask('/Patient/patient-01', { method: 'DELETE' })
  const gone = await client.ask('/Patient/patient-01')
  t.same([gone.status, gone.headers.get('etag')], [410, 'W/"2"'])
  t.equal((await client.ask('/Patient/patient-01/_history/2')).status, 410)
  t.equal((await client.ask('/Patient/patient-01/_history/1')).status, 200)
  t.equal((await client.ask('/Patient/patient-01/_history/3')).status, 404)
  const outcome = await outcomeOf(await client.ask('/Patient/patient-01/_history/2'))
  t.match(outcome, { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'deleted' }] })
})

test('histories of a resource, a type and everything go page by page, newest first, since an instant', async t => {
  const time = { now: Date.parse('2026-01-02T03:00:00Z') }
  const client = await start(t, { time })
  const at = (minutes: number) => new Date(Date.parse('2026-01-02T03:00:00Z') + minutes * 60_000).toISOString()
  for (const minute of [1, 2, 3, 4, 5]) {
    time.now = Date.parse(at(minute))
    await send(client, 'PUT', '/Patient/walker', { resourceType: 'Patient', id: 'walker', name: [{ family: `V${minute}` }] })
    if (minute === 3) await send(client, 'PUT', '/Basic/other', { resourceType: 'Basic', id: 'other', code: { text: 'x' } })
  }
  time.now = Date.parse(at(6))
  await client.ask('/Patient/walker', { method: 'DELETE' })
  const walk = async (path: string) => {
    const pages: Bundle[] = []
    for (let url: string | undefined = path; url; url = linkOf(pages.at(-1) as Bundle, 'next'))
      pages.push(await bundleOf(await client.ask(url)))
    return pages
  }
  const stepsIn = (pages: Bundle[]) =>
    pages.flatMap(({ entry = [] }) => entry.map(({ request, response }) => `${request?.method} ${response?.etag}`))
  const instance = await walk('/Patient/walker/_history?_count=2')
  t.equal(instance.length, 3)
  t.same(stepsIn(instance), ['DELETE W/"6"', 'PUT W/"5"', 'PUT W/"4"', 'PUT W/"3"', 'PUT W/"2"', 'PUT W/"1"'])
  t.match(linkOf(instance[0] as Bundle, 'next'), `${client.origin}/Patient/walker/_history?_count=2&ct=`)
  t.match(instance[0]?.entry?.[0], {
    fullUrl: `${client.origin}/Patient/walker`,
    response: { status: '204 NoContent', lastModified: at(6) },
  })
  t.equal('resource' in (instance[0]?.entry?.[0] ?? {}), false)
  t.equal(instance[2]?.entry?.[1]?.response?.status, '201 Created')
  t.same(stepsIn(await walk(`/Patient/_history?_since=${at(4)}&_count=1`)), ['DELETE W/"6"', 'PUT W/"5"', 'PUT W/"4"'])
  t.same(stepsIn(await walk(`/_history?_since=${at(2)}&_before=${at(4)}`)), ['PUT W/"1"', 'PUT W/"3"', 'PUT W/"2"'])
  t.same(stepsIn(await walk(`/Patient/walker/_history?_since=${at(5)}&_sort=_lastUpdated&_count=1`)), ['PUT W/"5"', 'DELETE W/"6"'])
  const count = await bundleOf(await client.ask('/Patient/walker/_history?_count=0'))
  t.same([count.total, count.entry], [6, undefined])
  for (const [status, query] of [
    [400, '_since=yesterday'],
    [400, '_count=x'],
    [400, 'ct=x'],
    [403, '_sort=family'],
    [403, '_before=2099-01-01'],
  ] as const)
    t.equal((await client.ask(`/Patient/_history?${query}`)).status, status, query)
  t.equal((await client.ask('/Nothing/_history')).status, 404)
})

test('the history of everything names every record once', async t => {
  const client = await start(t)
  const page = await bundleOf(await client.ask('/_history?_count=1000'))
  const urls = page.entry?.map(({ fullUrl }) => fullUrl) ?? []
  t.ok(urls.length >= 300)
  t.equal(new Set(urls).size, urls.length)
  t.ok(page.entry?.every(({ resource }) => (resource as Resource).meta?.versionId === '1'))
})
