// dicomweb-client over xhr2, neither of them ours, against the sandbox's DICOMweb service: all that the client can do.
import { api } from 'dicomweb-client'
import { type Test, test } from 'tap'
import XMLHttpRequest from 'xhr2'
import type { Dataset } from '../../src/sandbox/dicom/dicom-json.ts'
import { phantomFiles } from '../../src/sandbox/dicom/phantom.ts'
import { instanceUid, seriesUid, studyUid } from '../../src/sandbox/dicom/phantom-identity.ts'
import { dicomFile, explicitLittleEndian } from './dicom-files.ts'
import { start } from './dicom-requests.ts'

const phantom = { studyInstanceUID: studyUid(1), seriesInstanceUID: seriesUid(1, 1), sopInstanceUID: instanceUid(1, 1, 1) }
const png = { mediaTypes: [{ mediaType: 'image/png' }] }

async function startClient(t: Test, token = 'writer') {
  const { origin } = await start(t)
  Object.assign(globalThis, { XMLHttpRequest })
  t.teardown(() => Reflect.deleteProperty(globalThis, 'XMLHttpRequest'))
  // Its types ask for options that its code does not need.
  const options = { url: `${origin}/v2`, headers: { Authorization: `Bearer ${token}` }, verbose: false }
  return new api.DICOMwebClient(options as never)
}

const sizeOf = (results: unknown[]) => results.length
/** Its promises are typed as what they resolve to. */
const failureOf = async (call: unknown) => {
  const error = await Promise.resolve(call).then(
    () => ({ status: 0 }),
    (reason: { status: number }) => reason,
  )
  return error.status
}

test('dicomweb-client searches at every level', async t => {
  const client = await startClient(t)
  t.match(await client.searchForStudies({ queryParams: { PatientID: 'HTEST-PHANTOM' } }), [
    { '0020000D': { Value: [phantom.studyInstanceUID] } },
  ])
  t.same(await client.searchForStudies({ queryParams: { PatientID: 'nobody' } }), [])
  const { studyInstanceUID, seriesInstanceUID } = phantom
  t.equal(sizeOf(await client.searchForSeries({})), 2)
  t.equal(sizeOf(await client.searchForSeries({ studyInstanceUID } as never)), 2)
  t.equal(sizeOf(await client.searchForInstances({ queryParams: { limit: 7, offset: 3 } } as never)), 7)
  t.equal(sizeOf(await client.searchForInstances({ studyInstanceUID } as never)), 40)
  t.equal(sizeOf(await client.searchForInstances({ studyInstanceUID, seriesInstanceUID } as never)), 20)
  t.equal(await failureOf(client.searchForStudies({ queryParams: { Frobnication: '1' } })), 400)
})

test('dicomweb-client stores and retrieves what it stored, byte for byte', async t => {
  const client = await startClient(t)
  const files = ['2.25.30', '2.25.31'].map(instance => dicomFile({ study: '2.25.10', series: '2.25.20', instance }))
  await client.storeInstances({ datasets: files.map(file => new Uint8Array(file).buffer) })
  await client.storeInstances({
    datasets: [new Uint8Array(dicomFile({ study: '2.25.10', series: '2.25.21', instance: '2.25.32' })).buffer],
    studyInstanceUID: '2.25.10',
  })
  const stored = { studyInstanceUID: '2.25.10', seriesInstanceUID: '2.25.20', sopInstanceUID: '2.25.30' }
  t.ok(Buffer.from(await client.retrieveInstance(stored as never)).equals(files[0] ?? Buffer.alloc(0)))
  const series = (await client.retrieveSeries(stored as never)) as ArrayBuffer[]
  t.same(
    series.map((file, index) => Buffer.from(file).equals(files[index] ?? Buffer.alloc(0))),
    [true, true],
  )
  t.equal(((await client.retrieveStudy(stored as never)) as ArrayBuffer[]).length, 3)
  t.equal(await failureOf(client.storeInstances({ datasets: [new Uint8Array(files[0] ?? []).buffer] })), 409, 'it is there already')
  t.equal(await failureOf(client.retrieveInstance({ ...stored, sopInstanceUID: '2.25.99' } as never)), 404)
})

test('dicomweb-client retrieves metadata, frames and pictures', async t => {
  const client = await startClient(t, 'reader')
  t.equal(sizeOf(await client.retrieveStudyMetadata(phantom as never)), 40)
  t.equal(sizeOf(await client.retrieveSeriesMetadata(phantom as never)), 20)
  const metadata = (await client.retrieveInstanceMetadata(phantom as never)) as unknown as Dataset | Dataset[]
  t.match([metadata].flat(), [{ '00080018': { Value: [phantom.sopInstanceUID] }, '00280010': { Value: [128] } }])
  const [file = Buffer.alloc(0)] = phantomFiles(1)
  for (const options of [{}, { mediaTypes: [{ mediaType: 'application/octet-stream', transferSyntaxUID: explicitLittleEndian }] }]) {
    const [frame = new ArrayBuffer(0)] = (await client.retrieveInstanceFrames({
      ...phantom,
      frameNumbers: [1],
      ...options,
    } as never)) as ArrayBuffer[]
    t.ok(Buffer.from(frame).equals(file.subarray(-128 * 128 * 2)))
  }
  // A picture comes as a list of one.
  const bytesOf = (picture: unknown) => Buffer.from([picture as ArrayBuffer | ArrayBuffer[]].flat()[0] ?? new ArrayBuffer(0))
  const signature = (picture: unknown) => bytesOf(picture).toString('latin1', 1, 4)
  t.equal(signature(await client.retrieveInstanceRendered({ ...phantom, ...png } as never)), 'PNG')
  t.equal(signature(await client.retrieveInstanceFramesRendered({ ...phantom, frameNumbers: [1], ...png } as never)), 'PNG')
  const jpeg = { mediaTypes: [{ mediaType: 'image/jpeg' }], queryParams: { quality: 50 } }
  const picture = bytesOf(await client.retrieveInstanceRendered({ ...phantom, ...jpeg } as never))
  t.equal(picture.toString('hex', 0, 3), 'ffd8ff')
  // The Azure service has neither thumbnails nor bulk data of its own.
  t.equal(await failureOf(client.retrieveInstanceThumbnail({ ...phantom, ...png } as never)), 404)
  t.equal(await failureOf(client.retrieveInstanceFramesThumbnail({ ...phantom, frameNumbers: [1], ...png } as never)), 404)
  t.equal(await failureOf(client.storeInstances({ datasets: [new Uint8Array(file).buffer] })), 403, 'a reader may not store')
})
