// What is special to Azure's DICOM service: warnings about values, replacing, the change feed, partitions, being busy, paths that lead nowhere.
import { test } from 'tap'
import type { Dataset } from '../../src/sandbox/dicom/dicom-json.ts'
import { dicomFile, implicitLittleEndian, multipartBody, multipartType } from './dicom-files.ts'
import { datasetsOf, itemsOf, pathOf, start, store, summary, uids, valuesOf } from './dicom-requests.ts'
import type { Client } from './service-client.ts'

const text = (vr: string, ...values: string[]) => ({ vr, Value: values })
const commentsOf = (item: Dataset | undefined) =>
  ((item?.['00741048']?.Value ?? []) as Dataset[]).map(comment => String(valuesOf(comment, '00000902')?.[0]))

const oddFile = (elements: Parameters<typeof dicomFile>[1], instance = uids.instance) => dicomFile({ ...uids, instance }, elements)

test('a file whose optional values do not fit is stored with a warning for each, and metadata and searches go without them', async t => {
  const client = await start(t)
  const odd = oddFile({
    '00080020': text('DA', '20241301'),
    '00080030': text('TM', '2561'),
    '00080060': text('CS', 'ot'),
    '00101030': text('DS', '7x'),
    '00080090': text('PN', 'a^b^c^d^e^f'),
    '00400275': { vr: 'SQ', Value: [{ '00400007': text('LO', 'x\u0001y'), '00080050': text('SH', 'much longer than this may be') }] },
  })
  const response = await store(client, odd)
  const [item] = itemsOf((await response.json()) as Dataset, '00081199')
  t.equal(response.status, 202)
  t.same(valuesOf(item ?? {}, '00081196'), [1])
  const comments = commentsOf(item)
  for (const tag of ['(0008,0020)', '(0008,0030)', '(0008,0060)', '(0008,0090)', '(0010,1030)', '(0040,0007)', '(0008,0050)'])
    t.ok(
      comments.some(comment => comment.startsWith(`DICOM100: ${tag} - Content "`)),
      tag,
    )
  t.ok(
    comments.includes(
      'DICOM100: (0008,0020) - Content "20241301" does not validate VR DA: one of the date values does not match the pattern YYYYMMDD',
    ),
  )
  t.equal(comments.length, 7)

  const [metadata = {}] = await datasetsOf(await client.ask(`${pathOf()}/metadata`))
  t.same(
    ['00080020', '00080030', '00080060', '00080090', '00101030'].filter(tag => tag in metadata),
    [],
  )
  t.ok('00400275' in metadata && '00080050' in metadata, 'what surrounds a value, or is elsewhere, stays')
  t.equal((await client.ask('/v2/studies?PatientID=HTEST-0001')).status, 200)
  t.equal((await client.ask('/v2/studies?PatientID=HTEST-0001&StudyDate=20000101-')).status, 204)
  const file = await client.ask(pathOf(), { headers: { accept: 'application/dicom; transfer-syntax=*' } })
  t.ok(Buffer.from(await file.arrayBuffer()).equals(odd), 'the file itself keeps them')
})

test('warnings: implicit value representations, an empty PatientID; none for padding', async t => {
  const client = await start(t)
  const warningOf = async (file: Buffer) => {
    const response = await store(client, file)
    const [item] = itemsOf((await response.json()) as Dataset, '00081199')
    return [response.status, valuesOf(item ?? {}, '00081196')?.[0], ...commentsOf(item)]
  }
  t.same(await warningOf(dicomFile(uids, {}, implicitLittleEndian)), [202, 45063])
  t.same(await warningOf(oddFile({ '00100020': { vr: 'LO', Value: [] } }, '2.25.31')), [
    202,
    1,
    "DICOM100: (0010,0020) - The required tag '(0010,0020)' is missing.",
  ])
  const padded = dicomFile(
    { study: '2.25.11', series: '2.25.21', instance: '2.25.32' },
    { '00081030': text('LO', 'padded\0\0'), '00100020': text('LO', 'HTEST-0002 ') },
  )
  t.same(await warningOf(padded), [200, undefined])
  for (const value of ['padded', 'padded%00', 'padded%00%00'])
    t.equal((await datasetsOf(await client.ask(`/v2/studies?StudyDescription=${value}`))).length, 1, `found by ${value}`)
  t.equal((await client.ask('/v2/studies?StudyDescription=padde')).status, 204)
})

test('a file is refused for each required attribute that is missing or wrong, with what is wrong', async t => {
  const client = await start(t)
  const cases: [Parameters<typeof dicomFile>[1], string][] = [
    [{ '00080016': undefined }, "DICOM100: (0008,0016) - The required tag '(0008,0016)' is missing."],
    [{ '00100020': undefined }, "DICOM100: (0010,0020) - The required tag '(0010,0020)' is missing."],
    [{ '0020000E': undefined }, "DICOM100: (0020,000e) - The required tag '(0020,000e)' is missing."],
    [
      { '0020000D': text('UI', '1.2.x3') },
      "DICOM100: (0020,000d) - Dicom element 'StudyInstanceUID' failed validation for VR 'UI': DICOM Identifier is invalid.",
    ],
    [{ '00080018': text('UI', `1.${'2'.repeat(63)}`) }, "DICOM100: (0008,0018) - Dicom element 'SOPInstanceUID' failed validation"],
    [{ '00100020': text('LO', 'x'.repeat(65)) }, "DICOM100: (0010,0020) - Dicom element 'PatientID' failed validation for VR 'LO'"],
  ]
  for (const [elements, comment] of cases) {
    const response = await store(client, oddFile(elements))
    const [item] = itemsOf((await response.json()) as Dataset, '00081198')
    t.same([response.status, valuesOf(item ?? {}, '00081197')], [409, [43264]], comment)
    t.ok(commentsOf(item)[0]?.startsWith(comment), comment)
  }
  t.equal((await datasetsOf(await client.ask('/v2/instances?limit=200'))).length, 40, 'nothing was stored')
  t.same(
    await summary(await store(client, oddFile({ '0020000D': text('UI', '2.25.010') }))),
    { status: 202, reasons: [], stored: 1 },
    'zeros in front are let pass, with a warning',
  )
})

test('PUT stores a file in place of the one that is there', async t => {
  const client = await start(t)
  const put = (file: Buffer, path = '/v2/studies', as = 'writer') =>
    client.ask(path, { method: 'PUT', body: new Uint8Array(multipartBody([file])), headers: { 'content-type': multipartType }, as })
  t.equal((await put(dicomFile(uids))).status, 200)
  const etag = (await client.ask(`${pathOf()}/metadata`)).headers.get('etag') ?? ''
  t.equal((await put(dicomFile(uids, { '00081030': text('LO', 'Another') }), `/v2/studies/${uids.study}`)).status, 200)
  const [metadata] = await datasetsOf(await client.ask(`${pathOf()}/metadata`, { headers: { 'if-none-match': etag } }))
  t.same(valuesOf(metadata, '00081030'), ['Another'])
  t.equal((await put(dicomFile(uids), '/v2/studies/2.25.11')).status, 409)
  t.equal((await put(dicomFile(uids), '/v2/studies', 'reader')).status, 403)
})

type Entry = {
  sequence: number
  action: string
  state: string
  timestamp: string
  sopInstanceUid: string
  partitionName: string
  metadata?: Dataset
}

test('the change feed tells what happened, in pages and windows of time', async t => {
  const time = { now: Date.parse('2026-01-02T03:00:00Z') }
  const client = await start(t, {}, time)
  const feed = async (query = '') => (await (await client.ask(`/v2/changefeed${query}`)).json()) as Entry[]
  t.equal((await feed()).length, 40, 'the phantom is in it')
  time.now += 3_600_000
  await store(client, dicomFile(uids))
  await store(client, dicomFile({ ...uids, instance: '2.25.31' }))
  time.now += 3_600_000
  await client.ask(pathOf(), { method: 'DELETE' })
  await client.ask('/v2/studies', {
    method: 'PUT',
    body: new Uint8Array(dicomFile({ ...uids, instance: '2.25.31' })),
    headers: { 'content-type': 'application/dicom' },
  })

  const later = await feed('?startTime=2026-01-02T04:00:00Z')
  t.same(
    later.map(({ sequence, action, state, sopInstanceUid, metadata }) => [sequence, action, state, sopInstanceUid, metadata !== undefined]),
    [
      [41, 'create', 'deleted', '2.25.30', false],
      [42, 'create', 'replaced', '2.25.31', true],
      [43, 'delete', 'deleted', '2.25.30', false],
      [44, 'update', 'current', '2.25.31', true],
    ],
  )
  t.match(later[0], {
    timestamp: '2026-01-02T04:00:00.000Z',
    partitionName: 'Microsoft.Default',
    studyInstanceUid: uids.study,
    seriesInstanceUid: uids.series,
  })
  const counts: [string, number][] = [
    ['?endTime=2026-01-02T04:00:00Z', 40],
    ['?startTime=2026-01-02T04:00:00Z&endTime=2026-01-02T05:00:00Z', 2],
    ['?startTime=2026-01-02T06:00:00%2B01:00&limit=1', 1],
    ['?limit=30', 30],
    ['?limit=30&offset=30', 14],
    ['?offset=44', 0],
  ]
  for (const [query, count] of counts) t.equal((await feed(query)).length, count, query)
  t.notOk((await feed('?includeMetadata=false')).some(({ metadata }) => metadata))
  const latest = await client.ask('/v2/changefeed/latest?includemetadata=false')
  t.match(latest.headers.get('content-type'), /^application\/json/)
  t.match(await latest.json(), { sequence: 44, action: 'update' })
  for (const query of [
    'limit=0',
    'limit=201',
    'offset=-1',
    'limit=x',
    'startTime=soon',
    'startTime=2026-01-02T04:00:00',
    'includemetadata=perhaps',
    'startTime=2026-01-02T04:00:00Z&endTime=2026-01-02T04:00:00Z',
  ])
    t.equal((await client.ask(`/v2/changefeed?${query}`)).status, 400, query)
  t.equal((await client.ask('/v2/changefeed', { as: 'reader' })).status, 200)
})

const askText = async (client: Client, path: string, init: RequestInit = {}) => {
  const response = await client.ask(path, init)
  return [response.status, await response.text()]
}

test('without data partitions a path with one is refused', async t => {
  const client = await start(t)
  for (const path of ['/v2/partitions', '/v2/partitions/a/studies', '/v2/partitions/a/workitems'])
    t.same(await askText(client, path), [400, 'Data partitions feature is disabled.'], path)
})

test('with data partitions each has its own files and workitems, and storing creates it', async t => {
  const client = await start(t, { dataPartitions: true })
  t.same(await askText(client, '/v2/studies'), [400, 'PartitionName value is missing in the route segment.'])
  t.same(await askText(client, '/v2/partitions/a/studies'), [400, 'Specified PartitionName does not exist.'])
  t.equal((await datasetsOf(await client.ask('/v2/partitions/Microsoft.Default/studies'))).length, 1)
  for (const name of ['a', 'B-2.c_d']) {
    const response = await store(client, dicomFile(uids), 'application/dicom', `/v2/partitions/${name}/studies`)
    const [item] = itemsOf((await response.json()) as Dataset, '00081199')
    const [url] = valuesOf(item ?? {}, '00081190') ?? []
    t.equal(url, `${client.origin}/v2/partitions/${name}${pathOf().slice(3)}`)
    t.equal((await client.ask(String(url))).status, 200)
  }
  const again = await store(client, dicomFile(uids), 'application/dicom', '/v2/partitions/a/studies')
  t.same(await summary(again), { status: 409, reasons: [45070], stored: 0 })
  t.equal((await client.ask(`/v2/partitions/a/studies/${uids.study}`, { method: 'DELETE' })).status, 204)
  t.equal((await client.ask(`/v2/partitions/B-2.c_d/studies/${uids.study}/metadata`)).status, 200)
  t.match(await (await client.ask('/v2/partitions')).json(), [
    { partitionKey: 1, partitionName: 'Microsoft.Default', createdDate: /^2026-/ },
    { partitionKey: 2, partitionName: 'a' },
    { partitionKey: 3, partitionName: 'B-2.c_d' },
  ])
  const names = ['a%20b', 'x'.repeat(65), '%2e%2fa']
  for (const name of names) t.equal((await client.ask(`/v2/partitions/${name}/studies`)).status, 400, name)
  const feed = (await (await client.ask('/v2/changefeed?offset=40')).json()) as Entry[]
  t.same(
    feed.map(({ action, partitionName }) => [action, partitionName]),
    [
      ['create', 'a'],
      ['create', 'B-2.c_d'],
      ['delete', 'a'],
    ],
  )
})

test('while it is busy the service answers 503 to who may ask, and then goes on', async t => {
  const state = { busy: true }
  const client = await start(t, { isBusy: () => state.busy })
  for (const path of ['/v2/studies', '/v2/changefeed', pathOf()]) {
    const [status, said] = await askText(client, path)
    t.equal(status, 503)
    t.match(said, /^The server is currently unable to receive requests\. Please retry your request\./)
  }
  t.equal((await store(client, dicomFile(uids))).status, 503)
  t.equal((await client.ask('/v2/studies', { as: '' })).status, 401)
  state.busy = false
  t.equal((await client.ask('/v2/studies')).status, 200)
})

test('a path that leads nowhere says why', async t => {
  const client = await start(t)
  const study = '1.2.826.0.1.3680043.8.498.13230779778012324449356534479549187420'
  const cases: [string, RegExp][] = [
    ['/studies', /must begin with the API version, as in \/v2\/studies\.$/],
    ['/v1/studies/1.2', /version 2 of the API only: \/v2\/studies\/1\.2$/],
    ['/', /paths begin with \/v2/],
    [
      `/v2/studies${study}/series/1.2/metadata`,
      new RegExp(`a slash is missing after 'studies'\\. Did you mean /v2/studies/${study}/series/1\\.2/metadata\\?$`),
    ],
    ['/v2/frobnicate?PatientName=x', /^There is no such resource or method at \/v2\/frobnicate\.$/],
  ]
  for (const [path, said] of cases) {
    const [status, found] = await askText(client, path)
    t.equal(status, 404, path)
    t.match(found, said)
  }
  t.same((await askText(client, '/v2/operations/1a2b3c4d-0000-4000-8000-000000000001'))[0], 404)
  t.same((await askText(client, '/v2/operations/x'))[0], 400)
  for (const path of ['/v2/studies', '/nowhere']) t.equal((await client.ask(path)).headers.get('api-supported-versions'), '2')
})
