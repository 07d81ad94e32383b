// The sandbox's DICOMweb service, asked over a socket: storing, retrieving, searching and deleting in the shapes of the Azure service.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'tap'
import type { Dataset } from '../../src/sandbox/dicom/dicom-json.ts'
import { InstanceStore } from '../../src/sandbox/dicom/instance-store.ts'
import { phantomFiles } from '../../src/sandbox/dicom/phantom.ts'
import { instanceUid, seriesUid, studyUid } from '../../src/sandbox/dicom/phantom-identity.ts'
import { dicomFile, explicitLittleEndian, implicitLittleEndian, multipartBody, multipartType, partsOf } from './dicom-files.ts'
import { asStored, datasetsOf, itemsOf, pathOf, start, store, summary, uids, valuesOf } from './dicom-requests.ts'
import { audiences, authority, type Client } from './service-client.ts'

const phantom = { study: studyUid(1), series: [seriesUid(1, 1), seriesUid(1, 2)] as const, instance: instanceUid(1, 1, 1) }
const countStudies = async (client: Client) => (await datasetsOf(await client.ask('/v2/studies'))).length

test('a request without a valid token gets a challenge and an empty body; one without a role a plain text', async t => {
  const client = await start(t)
  for (const path of ['/v2/studies', pathOf(), '/v2/nowhere', '/']) {
    const response = await client.ask(path, { as: '' })
    const { dicom } = audiences
    t.same([response.status, await response.text()], [401, ''], path)
    t.equal(response.headers.get('www-authenticate'), `Bearer authorization_uri="${authority}", resource_id="${dicom}", realm="${dicom}"`)
  }
  const other = await client.ask('/v2/studies', { as: 'other-audience' })
  t.equal(other.status, 401)
  t.match(other.headers.get('www-authenticate'), /^Bearer error="invalid_token", error_description="The audience .* is invalid"$/)
  for (const as of ['nobody', 'other-service', 'other-scope', 'public-without-scope']) {
    const response = await client.ask('/v2/studies', { as })
    t.same([response.status, await response.text()], [403, 'Authorization failed.'], as)
  }
  t.equal((await client.ask('/v2/studies', { as: 'application' })).status, 200)
})

test('a reader searches and retrieves, and may neither store nor delete', async t => {
  const client = await start(t)
  for (const path of ['/v2/studies', `/v2/studies/${phantom.study}`, `/v2/studies/${phantom.study}/metadata`])
    t.equal((await client.ask(path, { as: 'reader' })).status, 200, path)
  const post = { method: 'POST', body: new Uint8Array(dicomFile(uids)), headers: { 'content-type': 'application/dicom' }, as: 'reader' }
  t.equal((await client.ask('/v2/studies', post)).status, 403)
  t.equal((await client.ask(`/v2/studies/${phantom.study}`, { method: 'DELETE', as: 'reader' })).status, 403)
  t.equal(await countStudies(client), 1)
})

test('a file that was stored comes back byte for byte', async t => {
  const client = await start(t)
  const files = [
    dicomFile(uids),
    dicomFile({ ...uids, instance: '2.25.31' }),
    dicomFile({ ...uids, series: '2.25.21', instance: '2.25.32' }),
  ]
  const sent = files.map(file => Buffer.from(file))
  sent[0]?.fill(0xa5, 0, 128) // the preamble is the one thing that the service changes: it empties it
  t.same(await summary(await store(client, multipartBody(sent), multipartType)), { status: 200, reasons: [], stored: 3 })
  const single = await client.ask(pathOf(), { headers: { accept: 'application/dicom; transfer-syntax=*' } })
  t.equal(single.headers.get('content-type'), `application/dicom; transfer-syntax=${explicitLittleEndian}`)
  t.ok(Buffer.from(await single.arrayBuffer()).equals(files[0] ?? Buffer.alloc(0)))
  for (const [path, expected] of [
    [`/v2/studies/${uids.study}`, files],
    [`/v2/studies/${uids.study}/series/${uids.series}`, files.slice(0, 2)],
    [pathOf(), files.slice(0, 1)],
  ] as const) {
    const parts = await partsOf(await client.ask(path, { headers: { accept: asStored } }))
    t.equal(parts.length, expected.length, path)
    for (const [index, { fields, body }] of parts.entries()) {
      t.ok(body.equals(expected[index] ?? Buffer.alloc(0)))
      t.equal(fields, `Content-Type: application/dicom; transfer-syntax=${explicitLittleEndian}`)
    }
  }
})

test('the retrieve URLs of store and search are absolute and lead to what they name', async t => {
  const client = await start(t)
  const response = await store(client, dicomFile(uids), 'application/dicom', `/v2/studies/${uids.study}`)
  t.equal(response.headers.get('content-type'), 'application/dicom+json; charset=utf-8')
  const stored = (await response.json()) as Dataset
  t.same(valuesOf(stored, '00081190'), [`${client.origin}/v2/studies/${uids.study}`])
  t.match(itemsOf(stored, '00081199'), [
    { '00081155': { vr: 'UI', Value: [uids.instance] }, '00081190': { vr: 'UR', Value: [client.origin + pathOf()] } },
  ])
  const searches = ['/v2/studies', '/v2/series', '/v2/instances'].map(async path =>
    datasetsOf(await client.ask(`${path}?PatientID=HTEST-0001`)),
  )
  const urls = (await Promise.all(searches)).map(([first]) => String(valuesOf(first, '00081190')?.[0]))
  t.same(
    urls,
    [`/v2/studies/${uids.study}`, `/v2/studies/${uids.study}/series/${uids.series}`, pathOf()].map(path => client.origin + path),
  )
  for (const url of urls) t.equal((await client.ask(url)).status, 200, url)
})

test('a broken file is refused with 409 and nothing of it is stored', async t => {
  const client = await start(t)
  const file = dicomFile(uids)
  for (let length = 1; length < file.length; length += 7) {
    const { status, reasons } = await summary(await store(client, file.subarray(0, length)))
    if (status !== 409 || ![272, 43264].includes(Number(reasons[0])))
      t.fail(`the first ${length} of ${file.length} bytes: ${status} ${reasons}`)
  }
  t.same(await summary(await store(client, file.subarray(0, -1))), { status: 409, reasons: [272], stored: 0 }, 'the last byte too')
  t.same(await summary(await store(client, Buffer.from('no DICOM at all'))), { status: 409, reasons: [272], stored: 0 })
  t.equal(await countStudies(client), 1)
  t.equal((await client.ask(pathOf())).status, 404)
  t.same(await summary(await store(client, file)), { status: 200, reasons: [], stored: 1 }, 'the whole file is then taken')
})

test('each file of a request is answered for itself', async t => {
  const client = await start(t)
  const file = dicomFile(uids)
  const answers = await summary(await store(client, multipartBody([file, file, file.subarray(0, 200)]), multipartType))
  t.same(answers, { status: 202, reasons: [45070, 272], stored: 1 })
  t.same(await summary(await store(client, file)), { status: 409, reasons: [45070], stored: 0 }, 'it is there already')
  const elsewhere = await summary(
    await store(client, dicomFile({ ...uids, study: '2.25.11' }), 'application/dicom', `/v2/studies/${uids.study}`),
  )
  t.same(elsewhere, { status: 409, reasons: [43265], stored: 0 }, 'of another study than the one in the URL')
  for (const missing of ['00080016', '00080018', '0020000D', '0020000E', '00100020']) {
    const incomplete = dicomFile({ ...uids, instance: '2.25.39' }, { [missing]: undefined })
    t.same(await summary(await store(client, incomplete)), { status: 409, reasons: [43264], stored: 0 }, missing)
  }
  const malformed = dicomFile({ ...uids, instance: '2.25.x' })
  t.same(await summary(await store(client, malformed)), { status: 409, reasons: [43264], stored: 0 })
  const anonymous = dicomFile({ ...uids, instance: '2.25.38' }, { '00100020': { vr: 'LO', Value: [] } })
  t.same(await summary(await store(client, anonymous)), { status: 202, reasons: [], stored: 1 }, 'a PatientID may be empty, with a warning')
})

test('store requests that are no store requests are refused in plain text', async t => {
  const client = await start(t)
  const file = dicomFile(uids)
  const refusals: [number, Buffer, string][] = [
    [415, file, 'text/plain'],
    [415, file, 'multipart/form-data; boundary=x'],
    [415, multipartBody([file]), 'multipart/related; type="application/dicom"'],
    [415, multipartBody([file], 'Content-Type: application/json\r\n'), multipartType],
    [400, file, multipartType],
    [400, multipartBody([file]).subarray(0, -8), multipartType],
    [400, multipartBody([file]), `${multipartType}; start="<x>"`],
    [400, Buffer.alloc(0), 'application/dicom'],
    [204, multipartBody([]), multipartType],
  ]
  for (const [status, body, contentType] of refusals) {
    const response = await store(client, body, contentType)
    t.equal(response.status, status, contentType)
    if (status !== 204) t.match(response.headers.get('content-type'), /^text\/plain/)
  }
  const notAcceptable = {
    method: 'POST',
    body: new Uint8Array(file),
    headers: { 'content-type': 'application/dicom', accept: 'text/html' },
  }
  t.equal((await client.ask('/v2/studies', notAcceptable)).status, 406)
  t.same(
    await summary(await store(client, multipartBody([file], ''), multipartType)),
    { status: 200, reasons: [], stored: 1 },
    'a root part needs no type',
  )
})

test('what is too large is refused: a request with 413, a store that is full with 503', async t => {
  const client = await start(t)
  const headers = { authorization: 'Bearer writer', 'content-type': 'application/dicom', 'content-length': 600 * 1024 * 1024 }
  const status = await new Promise(resolve => {
    const request = httpRequest(`${client.origin}/v2/studies`, { method: 'POST', headers }, response => {
      resolve(response.statusCode)
      request.destroy()
    })
    request.on('error', () => undefined).flushHeaders()
  })
  t.equal(status, 413)
  const small = new InstanceStore({ left: 10 }, () => undefined)
  const instance = { ...uids, sopClass: '1', transferSyntax: '1', dataset: {}, bytes: new Uint8Array(6) }
  t.ok(small.hasRoomFor(10))
  t.ok(small.add(instance))
  t.notOk(small.add(instance))
  t.notOk(small.hasRoomFor(5))
  t.equal(small.remove({ study: uids.study }), 1)
  t.ok(small.hasRoomFor(10))
})

test("curl's --form sends form-data parts under a multipart/related header, which is taken", async t => {
  const client = await start(t)
  const folder = mkdtempSync(join(tmpdir(), 'hallpass-dicom-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const [first, second] = [dicomFile(uids), dicomFile({ ...uids, instance: '2.25.31' })]
  writeFileSync(`${folder}/1.dcm`, first)
  writeFileSync(`${folder}/2.dcm`, second)
  const { stdout } = await promisify(execFile)('curl', [
    ...['--silent', '--request', 'POST', `${client.origin}/v2/studies`, '--header', 'Authorization: Bearer writer'],
    ...['--header', 'Accept: application/dicom+json', '--header', 'Content-Type: multipart/related; type="application/dicom"'],
    ...['--form', `file1=@${folder}/1.dcm;type=application/dicom`, '--form', `file2=@${folder}/2.dcm;type=application/dicom`],
  ])
  t.equal(itemsOf(JSON.parse(stdout), '00081199').length, 2)
  const parts = await partsOf(await client.ask(`/v2/studies/${uids.study}`, { headers: { accept: asStored } }))
  t.same(
    parts.map(({ body }, index) => body.equals([first, second][index] ?? body)),
    [true, true],
  )
})

test('Accept decides the form, and what would have to be transcoded is not acceptable', async t => {
  const client = await start(t)
  await store(client, dicomFile(uids, {}, implicitLittleEndian))
  const study = `/v2/studies/${phantom.study}`
  const instance = `${study}/series/${phantom.series[0]}/instances/${phantom.instance}`
  const cases: [string, string, number, RegExp?][] = [
    [study, '*/*', 200, /^multipart\/related; type="application\/dicom"/],
    [study, 'multipart/related; type="application/dicom"', 200, /^multipart/],
    [study, 'multipart/related; type=application/dicom; transfer-syntax=1.2.840.10008.1.2.1', 200],
    [study, 'application/dicom; transfer-syntax=*', 406],
    [study, 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.90', 406],
    [study, 'text/html', 406],
    [instance, 'application/dicom', 200, /^application\/dicom; transfer-syntax=1\.2\.840\.10008\.1\.2\.1$/],
    [instance, 'text/html, application/dicom;q=0.2', 200, /^application\/dicom/],
    [instance, 'application/dicom;q=0', 406],
    [pathOf(), 'application/dicom', 406],
    [pathOf(), 'application/dicom; transfer-syntax=*', 200, /1\.2\.840\.10008\.1\.2$/],
    [`${pathOf()}/frames/1`, 'application/octet-stream', 200, /^application\/octet-stream; transfer-syntax=1\.2\.840\.10008\.1\.2\.1$/],
    [`${pathOf()}/frames/1,2`, 'application/octet-stream', 406],
    [`${pathOf()}/frames/1`, 'multipart/related; type="image/jp2"', 406],
    [`${study}/metadata`, 'application/dicom+json', 200, /^application\/dicom\+json/],
    [`${study}/metadata`, 'application/dicom', 406],
    ['/v2/studies', 'text/html', 406],
  ]
  for (const [path, accept, status, type] of cases) {
    const response = await client.ask(path, { headers: { accept } })
    t.equal(response.status, status, `${path} ${accept}`)
    if (type) t.match(response.headers.get('content-type'), type)
    await response.arrayBuffer()
  }
})

test('frames are the samples of the image, and frames that there are not are not found', async t => {
  const client = await start(t)
  await store(client, dicomFile(uids))
  const [first, second] = await partsOf(await client.ask(`${pathOf()}/frames/2,1`))
  t.same([first?.body, second?.body], [Buffer.from([6, 7, 8, 9, 10, 11]), Buffer.from([0, 1, 2, 3, 4, 5])])
  const slice = `/v2/studies/${phantom.study}/series/${phantom.series[0]}/instances/${phantom.instance}/frames/1`
  const pixels = Buffer.from(
    await (await client.ask(slice, { headers: { accept: 'application/octet-stream; transfer-syntax=*' } })).arrayBuffer(),
  )
  t.equal(pixels.length, 128 * 128 * 2)
  t.ok(phantomFiles(1)[0]?.subarray(-pixels.length).equals(pixels))
  for (const [frames, status] of [
    ['3', 404],
    ['0', 400],
    ['x', 400],
    ['1,', 400],
  ] as const)
    t.equal((await client.ask(`${pathOf()}/frames/${frames}`)).status, status, frames)
  await store(client, dicomFile({ ...uids, instance: '2.25.33' }, { '7FE00010': undefined }))
  t.equal((await client.ask(`${pathOf({ ...uids, instance: '2.25.33' })}/frames/1`)).status, 404)
})

test('metadata is DICOM JSON without bulk data, and is not sent twice to who has it', async t => {
  const client = await start(t)
  await store(client, dicomFile(uids))
  const response = await client.ask(`${pathOf()}/metadata`)
  const [dataset = {}, ...more] = await datasetsOf(response)
  t.same(more, [])
  t.same(dataset['00100010'], { vr: 'PN', Value: [{ Alphabetic: 'Müller^Zoë', Ideographic: '例^例' }] })
  t.same(dataset['00080050'], { vr: 'SH' }, 'empty elements have no Value')
  t.same(dataset['00280009'], { vr: 'AT', Value: ['00181063'] })
  t.same(dataset['00280010'], { vr: 'US', Value: [2] })
  t.match(dataset['00400275'], { vr: 'SQ', Value: [{ '00400007': { vr: 'LO', Value: ['Nested'] } }] })
  t.same(
    ['7FE00010', '00091001'].filter(tag => tag in dataset),
    [],
  )
  t.same(Object.keys(dataset), Object.keys(dataset).toSorted())

  const etag = response.headers.get('etag') ?? ''
  const again = await client.ask(`${pathOf()}/metadata`, { headers: { 'if-none-match': etag } })
  t.same([again.status, await again.text()], [304, ''])
  await client.ask(pathOf(), { method: 'DELETE' })
  await store(client, dicomFile(uids))
  t.equal((await client.ask(`${pathOf()}/metadata`, { headers: { 'if-none-match': etag } })).status, 200, 'it is another upload')
  t.equal((await datasetsOf(await client.ask(`/v2/studies/${phantom.study}/metadata`))).length, 40)
  t.equal((await datasetsOf(await client.ask(`/v2/studies/${phantom.study}/series/${phantom.series[1]}/metadata`))).length, 20)
})

test('searches find by exact value, wildcard, date range, UID list and words of a name; 204 when there is nothing', async t => {
  const client = await start(t)
  await store(client, dicomFile(uids))
  const cases: [string, number][] = [
    ['studies', 2],
    ['studies?PatientID=HTEST-0001', 1],
    ['studies?PatientID=htest-0001', 1],
    ['studies?00100020=HTEST-0001', 1],
    ['studies?PatientID=HTEST-*', 2],
    ['studies?PatientID=HTEST-000?', 1],
    ['studies?PatientID=HTEST-00', 0],
    ['studies?PatientName=muller^zoe', 1],
    ['studies?PatientName=mull*', 1],
    ['studies?PatientName=zoe', 0],
    ['studies?PatientName=zo%20mu&fuzzymatching=true', 1],
    ['studies?PatientName=oe&fuzzymatching=true', 0],
    ['studies?StudyDescription=A%20test%20(of%20parts.)', 1],
    ['studies?StudyDescription=A%20test%20(of%20partsX)', 0],
    ['studies?StudyDate=20240229', 1],
    ['studies?StudyDate=20240101-20241231', 1],
    ['studies?StudyDate=20240301-', 1],
    ['studies?StudyDate=-20240228', 0],
    ['studies?ModalitiesInStudy=CT', 1],
    [`studies?StudyInstanceUID=${uids.study},${phantom.study}`, 2],
    [`studies?StudyInstanceUID=${uids.study}%5C${phantom.study}`, 2],
    ['series', 3],
    ['series?Modality=CT&PatientID=HTEST-PHANTOM', 2],
    [`studies/${phantom.study}/series`, 2],
    [`studies/${phantom.study}/instances?Modality=CT`, 40],
    [`studies/${phantom.study}/series/${phantom.series[0]}/instances`, 20],
    [`studies/${phantom.study}/series/${phantom.series[0]}/instances?SOPInstanceUID=${phantom.instance}`, 1],
    [`studies/${phantom.study}/series/${uids.series}/instances`, 0],
    ['instances?Modality=OT', 1],
  ]
  for (const [path, count] of cases) {
    const response = await client.ask(`/v2/${path}`)
    t.equal(response.status, count === 0 ? 204 : 200, path)
    t.equal((await datasetsOf(response)).length, count, path)
  }
})

test('searches give pages: 100 at most unless 200 are asked for, the newest first', async t => {
  const client = await start(t)
  const more = Array.from({ length: 90 }, (_, index) => dicomFile({ study: '2.25.10', series: '2.25.20', instance: `2.25.${100 + index}` }))
  t.equal((await summary(await store(client, multipartBody(more), multipartType))).stored, 90)
  t.equal((await datasetsOf(await client.ask('/v2/instances'))).length, 100)
  const all = await datasetsOf(await client.ask('/v2/instances?limit=200'))
  t.equal(all.length, 130)
  t.same(valuesOf(all[0], '00080018'), ['2.25.189'])
  const pages = await Promise.all([0, 50, 100].map(async offset => datasetsOf(await client.ask(`/v2/instances?limit=50&offset=${offset}`))))
  t.same(pages.flat(), all)
  t.equal((await client.ask('/v2/instances?offset=130')).status, 204)
})

test('results hold the attributes of their level, those searched for and those asked for', async t => {
  const client = await start(t)
  await store(client, dicomFile(uids))
  const only = `StudyInstanceUID=${uids.study}`
  const tags = async (query: string) => Object.keys((await datasetsOf(await client.ask(`/v2/${query}`)))[0] ?? {})
  const study = ['00080020', '00080050', '00081030', '00081190', '00100010', '00100020', '0020000D']
  t.same(await tags(`studies?${only}`), study)
  t.same(await tags(`series?${only}`), [...study, '00080060', '0020000E'].toSorted())
  t.same(await tags(`studies/${uids.study}/series`), ['00080060', '00081190', '0020000D', '0020000E'])
  t.same(await tags(`instances?${only}`), [...study, '00080018', '00080060', '0020000E'].toSorted())
  t.same(await tags(`studies?${only}&includefield=all`), ['00080005', ...study])
  t.same(await tags(`studies/${uids.study}/series/${uids.series}/instances?includefield=Rows,00280011`), [
    '00080018',
    '00081190',
    '0020000D',
    '0020000E',
    '00280010',
    '00280011',
  ])
  const query = `studies?${only}&includefield=ModalitiesInStudy&includefield=NumberOfStudyRelatedSeries,NumberOfStudyRelatedInstances`
  const [counted] = await datasetsOf(await client.ask(`/v2/${query}`))
  t.same(
    ['00080061', '00201206', '00201208'].map(tag => valuesOf(counted, tag)),
    [['OT'], [1], [1]],
  )
})

test('queries that cannot be understood are refused with 400 and a reason in plain text', async t => {
  const client = await start(t)
  for (const query of [
    ...[
      'Frobnication=1',
      'constructor=1',
      'patientname=x',
      'Rows=2',
      'Modality=CT',
      'PatientID=',
      'limit=0',
      'limit=201',
      'limit=x',
      'offset=-1',
    ],
    ...[
      'StudyDate=-',
      'StudyDate=2024',
      'StudyDate=20240230',
      'StudyDate=20240301-20240201',
      'fuzzymatching=perhaps',
      'includefield=Nothing',
    ],
    ...['PatientID=a&00100020=b', 'limit=1&limit=2', 'PatientID=<script>'],
  ]) {
    const response = await client.ask(`/v2/studies?${query}`)
    t.equal(response.status, 400, query)
    t.match(response.headers.get('content-type'), /^text\/plain/)
    t.match(await response.text(), /\w/)
  }
})

test('deleting removes an instance, a series, a study, and nothing else', async t => {
  const client = await start(t)
  const files = [uids, { ...uids, instance: '2.25.31' }, { ...uids, series: '2.25.21' }, { ...uids, series: '2.25.22' }].map(one =>
    dicomFile(one),
  )
  await store(client, multipartBody(files), multipartType)
  const left = async () => (await datasetsOf(await client.ask(`/v2/studies/${uids.study}/instances`))).length
  for (const [path, count] of [
    [pathOf(), 3],
    [`/v2/studies/${uids.study}/series/2.25.21`, 2],
    [`/v2/studies/${uids.study}`, 0],
  ] as const) {
    const response = await client.ask(path, { method: 'DELETE' })
    t.same([response.status, await left()], [204, count], path)
    const again = await client.ask(path, { method: 'DELETE' })
    t.equal(again.status, 404)
    t.match(await again.text(), /^The specified (study|series|instance) cannot be found\.$/)
  }
  t.equal(await countStudies(client), 1)
})

test('only versioned paths exist, and identifiers must be UIDs', async t => {
  const client = await start(t)
  for (const path of ['/studies', '/v1/studies', '/v2', '/v2/studies1.2.3', '/v2/studies/1.2/frobnicate'])
    t.equal((await client.ask(path)).status, 404, path)
  for (const path of ['/v2/studies/abc', `/v2/studies/${'1'.repeat(65)}`, '/v2/studies/%zz', '/v2/studies/1.2/series/x/instances'])
    t.equal((await client.ask(path)).status, 400, path)
  for (const path of ['/v2/studies/1.2', `/v2/studies/${phantom.study}/series/1.2`, `/v2/studies/${phantom.study}/metadata`])
    t.equal((await client.ask(path)).status, path.endsWith('metadata') ? 200 : 404, path)
  t.equal((await client.ask('/v2/studies')).headers.get('api-supported-versions'), '2')
})
