// The sandbox's DICOMweb service beside a real Orthanc: the same requests, the same shapes, but for what is listed with its reason.
import { type Test, test } from 'tap'
import type { Dataset, JsonElement } from '../../src/sandbox/dicom/dicom-json.ts'
import { phantomFiles } from '../../src/sandbox/dicom/phantom.ts'
import { instanceUid, seriesUid, studyUid } from '../../src/sandbox/dicom/phantom-identity.ts'
import { startOrthanc } from '../harness/orthanc.ts'
import { dicomFile, multipartBody, multipartType, partsOf } from './dicom-files.ts'
import { start, uids } from './dicom-requests.ts'
import { differenceOf, readPng } from './pictures.ts'

/** Another phantom than the one that the sandbox begins with, and a picture of two frames. */
const seed = 2
const frames = dicomFile(uids, {
  // Orthanc's searches know Latin letters only, whatever the file has.
  '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Müller^Zoë' }] },
  '00280002': { vr: 'US', Value: [1] },
  '00280004': { vr: 'CS', Value: ['MONOCHROME2'] },
  '00280101': { vr: 'US', Value: [8] },
  '00280102': { vr: 'US', Value: [7] },
  '00280103': { vr: 'US', Value: [0] },
})
const files = [...phantomFiles(seed).slice(0, 3), frames]
const study = `/studies/${studyUid(seed)}`
const series = `${study}/series/${seriesUid(seed, 1)}`
const instance = `${series}/instances/${instanceUid(seed, 1, 1)}`
const pair = `/studies/${uids.study}/series/${uids.series}/instances/${uids.instance}`

type Ask = (path: string, init?: RequestInit) => Promise<Response>
/** What is compared: status, media type, how many results or parts, and what they hold. */
type Shape = { status: number; type: string | null; count?: number; results?: Dataset[]; parts?: Buffer[]; picture?: Buffer }
type Request = {
  path: string
  init?: RequestInit
  /** Where they differ: what the sandbox answers, what Orthanc does, and why. */
  differs?: { sandbox: Partial<Shape>; orthanc: Partial<Shape>; because: string }
  /** Attributes whose values need not be the same, and why. */
  but?: Record<string, string>
}

const json = { headers: { accept: 'application/dicom+json' } }
const dicom = { headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' } }
const octets = { headers: { accept: 'multipart/related; type="application/octet-stream"' } }
const png = { headers: { accept: 'image/png' } }
const jpeg = { headers: { accept: 'image/jpeg' } }
const post = (body: Buffer, contentType = multipartType) => ({
  method: 'POST',
  body: new Uint8Array(body),
  headers: { 'content-type': contentType, accept: 'application/dicom+json' },
})

const nothing = {
  sandbox: { status: 204, type: null },
  orthanc: { status: 200, type: 'application/dicom+json', count: 0 },
  because: 'Azure answers 204 when nothing is found (conformance statement v2, Search response codes); both are of the standard',
}
const noText = (status: number) => ({
  sandbox: { status, type: 'text/plain' },
  orthanc: { status, type: null },
  because: "Azure's errors are plain text, Orthanc's are JSON without a type",
})
const pixels = { '7FE00010': 'Azure leaves bulk data out of metadata, Orthanc refers to it' }

const searches: Request[] = [
  ...['/studies', '/studies?PatientID=HTEST-0001', '/studies?PatientID=HTEST-*', '/studies?PatientID=HTEST-000?'],
  ...[
    '/studies?PatientName=Phantom*',
    '/studies?StudyDate=20240229',
    '/studies?StudyDate=20240101-20241231',
    '/studies?StudyDate=20250101-',
  ],
  ...['/studies?00080050=HTEST-CT-1', `/studies?StudyInstanceUID=${uids.study}`, '/studies?ModalitiesInStudy=CT', '/studies?limit=1'],
  ...['/studies?limit=1&offset=1', '/studies?includefield=StudyTime', '/studies?includefield=all', '/series', '/series?Modality=CT'],
  ...['/series?Modality=CT&PatientID=HTEST-PHANTOM', '/instances', '/instances?limit=2&offset=1', '/instances?includefield=Rows'],
  ...[`${study}/series`, `${study}/instances`, `${series}/instances`, `${series}/instances?SOPInstanceUID=${instanceUid(seed, 1, 2)}`],
].map(path => ({
  path,
  init: json,
  but: { '00080005': "Orthanc's searches answer in Latin letters and call them so, Azure's say what the file says" },
}))

const requests: Request[] = [
  ...searches,
  { path: '/studies?PatientID=nobody', init: json, differs: nothing },
  { path: '/studies?offset=9', init: json, differs: nothing },
  {
    path: '/studies?Frobnication=1',
    init: json,
    differs: {
      sandbox: { status: 400, type: 'text/plain' },
      orthanc: { status: 200, type: 'application/dicom+json', count: 2 },
      because: 'Azure refuses parameters that it does not know, Orthanc passes over them',
    },
  },
  ...[study, series, instance].map(path => ({ path: `${path}/metadata`, init: json, but: pixels })),
  ...[study, series, instance, pair].map(path => ({ path, init: dicom })),
  { path: `${instance}/frames/1`, init: octets },
  { path: `${pair}/frames/2`, init: octets },
  { path: `${pair}/frames/1,2`, init: octets },
  // Told the window that the file has, which the sandbox knows by itself and Azure's service does: Orthanc would stretch instead.
  { path: `${instance}/rendered?window=40,400,linear`, init: png },
  { path: `${instance}/frames/1/rendered?window=40,400,linear`, init: png },
  { path: `${pair}/frames/2/rendered`, init: png },
  { path: `${instance}/rendered`, init: jpeg },
  { path: `${instance}/rendered?quality=50`, init: jpeg },
  { path: '/studies/1.2.3/metadata', init: json, differs: noText(404) },
  { path: `${series}/instances/1.2.3`, init: dicom, differs: noText(404) },
  {
    path: `${instance}/frames/9`,
    init: octets,
    differs: {
      sandbox: { status: 404, type: 'text/plain' },
      orthanc: { status: 400, type: null },
      because: 'Azure: "The specified frame cannot be found"; Orthanc takes the number for a mistake',
    },
  },
  { path: '/studies', init: post(Buffer.from('x'), 'text/plain'), differs: noText(415) },
  {
    path: '/studies',
    init: post(multipartBody([frames])),
    differs: {
      sandbox: { status: 409, type: 'application/dicom+json' },
      orthanc: { status: 200, type: 'application/dicom+json' },
      because: 'Azure refuses an instance that it has (45070), Orthanc passes over it',
    },
  },
  {
    path: '/studies',
    init: post(multipartBody([Buffer.from('no DICOM')])),
    differs: {
      sandbox: { status: 409, type: 'application/dicom+json' },
      orthanc: { status: 400, type: null },
      because: 'Azure answers 409 with a reason for each instance when none could be stored',
    },
  },
  {
    path: `/studies/${uids.study}`,
    init: { method: 'DELETE' },
    differs: {
      sandbox: { status: 204, type: null },
      orthanc: { status: 405, type: null },
      because: 'deleting is not in the standard: Azure adds it, Orthanc has it in an API of its own',
    },
  },
]

async function shapeOf(response: Response): Promise<Shape> {
  const contentType = response.headers.get('content-type')
  const type = contentType?.split(';')[0] ?? null
  const shape = { status: response.status, type }
  if (type === 'multipart/related') {
    // Orthanc does not quote the boundary.
    const quoted = new Response(response.body, {
      headers: { 'content-type': String(contentType).replace(/boundary=([^"]+)$/, 'boundary="$1"') },
    })
    const parts = (await partsOf(quoted)).map(({ body }) => body)
    return { ...shape, count: parts.length, parts: parts.toSorted(Buffer.compare) }
  }
  const body = Buffer.from(await response.arrayBuffer())
  if (type?.startsWith('image/')) return { ...shape, picture: body }
  if (type !== 'application/dicom+json') return shape
  const results = JSON.parse(body.toString())
  return Array.isArray(results) ? { ...shape, count: results.length, results: results.toSorted(byUid) } : shape
}

/** Orders what is found may have differ: each is known by its UIDs. */
function byUid(a: Dataset, b: Dataset): number {
  const key = (dataset: Dataset) => ['0020000D', '0020000E', '00080018'].map(tag => dataset[tag]?.Value?.[0]).join()
  return key(a) < key(b) ? -1 : 1
}

/** Numbers that the standard lets be written as text, names and URLs by what they mean; an empty element as an absent one. */
function meaningOf(element: JsonElement | undefined, base: string): unknown {
  if (element?.Value === undefined || element.Value.length === 0) return undefined
  const values = element.Value.map(value => {
    if (['DS', 'IS'].includes(element.vr)) return Number(value)
    return typeof value === 'string' ? value.replace(base, '').trimEnd() : value
  })
  return { vr: element.vr, values }
}

function compareResults(
  t: Test,
  ours: Dataset[],
  theirs: Dataset[],
  bases: [string, string],
  but: Record<string, string>,
  isSearch: boolean,
) {
  for (const [index, dataset] of ours.entries()) {
    const other = theirs[index] ?? {}
    // What a search gives unasked differs by product, and each has what the standard demands; metadata is all there is.
    const tags = Object.keys(dataset).filter(tag => !(tag in but) && (!isSearch || tag in other))
    t.same(
      tags.map(tag => [tag, meaningOf(dataset[tag], bases[0])]),
      tags.map(tag => [tag, meaningOf(other[tag], bases[1])]),
      'the same values',
    )
    if (!isSearch)
      t.same(
        Object.keys(other).filter(tag => !(tag in dataset)),
        Object.keys(but),
        'nothing else',
      )
  }
}

test('the same requests get the same shapes from the sandbox and from Orthanc', { timeout: 60_000 }, async t => {
  const orthanc = await startOrthanc()
  t.teardown(orthanc.close)
  const client = await start(t)
  const sandbox: Ask = (path, init) => client.ask(`/v2${path}`, init)
  const real: Ask = (path, init) => fetch(orthanc.url + path, init)
  t.equal((await sandbox(`/studies/${studyUid(1)}`, { method: 'DELETE' })).status, 204)

  const stored = await Promise.all([sandbox, real].map(async ask => ask('/studies', post(multipartBody(files)))))
  t.same(
    stored.map(({ status }) => status),
    [200, 200],
  )
  const [ours, theirs] = (await Promise.all(stored.map(response => response.json()))) as [Dataset, Dataset]
  const references = (dataset: Dataset, base: string) =>
    ((dataset['00081199']?.Value ?? []) as Dataset[]).map(item =>
      ['00081150', '00081155', '00081190'].map(tag => meaningOf(item[tag], base)),
    )
  const bases: [string, string] = [`${client.origin}/v2`, orthanc.url]
  t.same(references(ours, bases[0]), references(theirs, bases[1]), 'what was stored is named the same way')

  for (const { path, init = {}, differs, but = {} } of requests)
    await t.test(`${init.method ?? 'GET'} ${path}`, async t => {
      const [own, other] = await Promise.all([sandbox, real].map(async ask => shapeOf(await ask(path, init))))
      if (!own || !other) return t.fail('no answer')
      if (differs) {
        t.match(own, differs.sandbox, 'the sandbox answers as Azure')
        return t.match(other, differs.orthanc, differs.because)
      }
      t.same([own.status, own.type, own.count], [other.status, other.type, other.count])
      // Orders may differ, so a page that is not all of it may hold others.
      if (own.results && other.results && !/limit=/.test(path))
        compareResults(t, own.results, other.results, bases, but, !path.endsWith('/metadata'))
      if (own.parts)
        t.ok(
          own.parts.every((part, index) => part.equals(other.parts?.[index] ?? Buffer.alloc(0))),
          'the same bytes',
        )
      if (own.parts && path.indexOf('/frames/') < 0)
        t.ok(
          own.parts.every(part => files.some(file => file.equals(part))),
          'as they were sent',
        )
      if (own.picture && own.type === 'image/png') {
        const difference = differenceOf(readPng(own.picture), readPng(other.picture ?? Buffer.alloc(0)))
        t.ok(difference.largest <= 1, `pictures differ by ${JSON.stringify(difference)}`)
      }
      if (own.type === 'image/jpeg') t.equal(own.picture?.subarray(0, 3).toString('hex'), 'ffd8ff')
    })
})
