// Requests to the sandbox's DICOMweb service, and what is looked at in its answers, for tests.
import type { Test } from 'tap'
import type { Dataset } from '../../src/sandbox/dicom/dicom-json.ts'
import { type DicomServiceOptions, dicomService } from '../../src/sandbox/dicom/service.ts'
import { type Client, startService } from './service-client.ts'

export const uids = { study: '2.25.10', series: '2.25.20', instance: '2.25.30' }
export const asStored = 'multipart/related; type="application/dicom"; transfer-syntax=*'

export const store = (client: Client, body: Buffer, contentType = 'application/dicom', path = '/v2/studies') =>
  client.ask(path, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { 'content-type': contentType, accept: 'application/dicom+json' },
  })
export const pathOf = ({ study, series, instance } = uids) => `/v2/studies/${study}/series/${series}/instances/${instance}`
export const datasetsOf = async (response: Response): Promise<Dataset[]> =>
  response.status === 204 ? [] : ((await response.json()) as Dataset[])
export const valuesOf = (dataset: Dataset | undefined, tag: string) => dataset?.[tag]?.Value
export const itemsOf = (dataset: Dataset, tag: string) => (dataset[tag]?.Value ?? []) as Dataset[]
/** What failed, by reason, and how many were stored. */
export const summary = async (response: Response) => {
  const dataset = (await response.json()) as Dataset
  return {
    status: response.status,
    reasons: itemsOf(dataset, '00081198').map(item => valuesOf(item, '00081197')?.[0]),
    stored: itemsOf(dataset, '00081199').length,
  }
}

/** A service that ends with the test. */
export async function start(
  t: Test,
  options: Partial<DicomServiceOptions> = {},
  time: { now: number } = { now: Date.parse('2026-01-02T03:04:05Z') },
): Promise<Client> {
  const client = await startService('dicom', standard => dicomService({ ...standard, ...options }), { time })
  t.teardown(client.close)
  return client
}
