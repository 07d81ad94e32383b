// dicomweb-client, which is not ours, against the sandbox's DICOMweb service.
import { api } from 'dicomweb-client'
import { test } from 'tap'
import { instanceUid, seriesUid, studyUid } from '../../src/sandbox/dicom/phantom-identity.ts'
import { dicomService } from '../../src/sandbox/dicom/service.ts'
import { dicomFile } from './dicom-files.ts'
import { startService } from './service-client.ts'

/** What the client uses of the browser's XMLHttpRequest, over fetch. */
class FetchingRequest {
  readyState = 0
  status = 0
  response: unknown
  responseType = ''
  onreadystatechange: () => void = () => undefined
  #target: { method: string; url: string } = { method: '', url: '' }
  readonly #headers = new Headers()
  #answer: Headers = new Headers()

  open(method: string, url: string): void {
    this.#target = { method: method.toUpperCase(), url }
  }

  setRequestHeader(name: string, value: string): void {
    this.#headers.set(name, value)
  }

  getResponseHeader(name: string): string | null {
    return this.#answer.get(name)
  }

  getAllResponseHeaders(): string {
    return [...this.#answer].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  }

  async send(body?: BodyInit): Promise<void> {
    const { method, url } = this.#target
    const response = await fetch(url, { method, headers: this.#headers, ...(body !== undefined && { body }) })
    const buffer = await response.arrayBuffer()
    const text = this.responseType === 'arraybuffer' ? '' : new TextDecoder().decode(buffer)
    this.response = this.responseType === 'arraybuffer' ? buffer : this.responseType === 'json' && text !== '' ? JSON.parse(text) : text
    Object.assign(this, { status: response.status, readyState: 4 })
    this.#answer = response.headers
    this.onreadystatechange()
  }
}

test('dicomweb-client searches, stores and retrieves', async t => {
  const { origin, close } = await startService('dicom', dicomService)
  t.teardown(close)
  Object.assign(globalThis, { XMLHttpRequest: FetchingRequest })
  t.teardown(() => Reflect.deleteProperty(globalThis, 'XMLHttpRequest'))
  // Its types ask for options that its code does not need.
  const options = { url: `${origin}/v2`, headers: { Authorization: 'Bearer writer' }, verbose: false }
  const client = new api.DICOMwebClient(options as never)
  const phantom = { studyInstanceUID: studyUid(1), seriesInstanceUID: seriesUid(1, 1), sopInstanceUID: instanceUid(1, 1, 1) }

  t.match(await client.searchForStudies({ queryParams: { PatientID: 'HTEST-PHANTOM' } }), [
    { '0020000D': { Value: [phantom.studyInstanceUID] } },
  ])
  t.equal((await client.searchForSeries(phantom)).length, 2)
  t.equal((await client.searchForInstances(phantom)).length, 20)
  t.equal((await client.retrieveSeriesMetadata(phantom as never)).length, 20)
  const frames = await client.retrieveInstanceFrames({ ...phantom, frameNumbers: [1] } as never)
  t.equal(frames[0]?.byteLength, 128 * 128 * 2)

  const file = dicomFile({ study: '2.25.10', series: '2.25.20', instance: '2.25.30' })
  await client.storeInstances({ datasets: [new Uint8Array(file).buffer] })
  const stored = { studyInstanceUID: '2.25.10', seriesInstanceUID: '2.25.20', sopInstanceUID: '2.25.30' }
  t.ok(Buffer.from(await client.retrieveInstance(stored as never)).equals(file))
  t.equal((await client.retrieveStudy({ studyInstanceUID: phantom.studyInstanceUID } as never)).length, 40)
  t.same(await client.searchForStudies({ queryParams: { PatientID: 'nobody' } }), [])
})
