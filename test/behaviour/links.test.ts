// Clients that others wrote go all the way by the links that they are given, and never leave us; what they store holds no address of ours.
import type { Bundle, CapabilityStatement, Observation, Patient, Resource } from '@medplum/fhirtypes'
import { api } from 'dicomweb-client'
import { Client as FhirKitClient } from 'fhir-kit-client'
import t, { type Test } from 'tap'
import XMLHttpRequest from 'xhr2'
import type { Dataset } from '../../src/sandbox/dicom/dicom-json.ts'
import { instanceUid, seriesUid, studyUid } from '../../src/sandbox/dicom/phantom-identity.ts'
import '../../src/sandbox/fhir/web-socket.ts'
import { type Composed, type ComposedOptions, startBoth } from '../harness/composed.ts'
import { startOrthanc } from '../harness/orthanc.ts'
import { startRecordingRelay } from '../harness/recording-relay.ts'
import { signInByForm } from '../harness/sign-in-form.ts'
import { dicomFile, multipartBody, multipartType } from '../sandbox/dicom-files.ts'
import { followTutorial } from '../sandbox/tutorial.ts'

t.setTimeout(180_000)

type SignedIn = Composed & { fhir: string; dicom: string; ask: (url: string, init?: RequestInit) => Promise<Response> }

/** Both, with somebody signed in. */
async function start(t: Test, options: ComposedOptions = {}): Promise<SignedIn> {
  const both = await startBoth(t, options)
  const fhir = `${both.daemon.url}/fhir`
  const first = fetch(`${fhir}/metadata`)
  await signInByForm(await both.opening())
  t.equal((await first).status, 200)
  both.exchanges.length = 0
  return { ...both, fhir, dicom: `${both.daemon.url}/dicom`, ask: (url, init) => fetch(url, init) }
}

/** A client has no token: whatever a service was asked with one came through us. */
function assertNobodyWentAround(t: Test, { exchanges }: Composed): void {
  const asked = exchanges.filter(({ service }) => service === 'fhir' || service === 'dicom')
  const direct = asked.filter(({ rawHeaders }) => !/^Bearer ./.test(fieldOf(rawHeaders, 'authorization')))
  t.ok(asked.length > 0, `the services were asked ${asked.length} times`)
  t.same(
    direct.map(({ method, target }) => `${method} ${target}`),
    [],
    'and never but through us',
  )
}

function fieldOf(rawHeaders: string[], wanted: string): string {
  const index = rawHeaders.findIndex((name, at) => at % 2 === 0 && name.toLowerCase() === wanted)
  return index < 0 ? '' : (rawHeaders[index + 1] ?? '')
}

/** What the service itself has, asked with the token that hallpass used. */
async function atOrigin(both: SignedIn, path: string): Promise<string> {
  const exchange = both.exchanges.find(({ service }) => service === 'fhir')
  const authorization = fieldOf(exchange?.rawHeaders ?? [], 'authorization')
  const answer = await fetch(both.sandbox.fhir.url + path, { headers: { authorization } })
  return answer.text()
}

/** Its types are those of another package of FHIR types. */
const asBundle = (value: unknown) => value as Bundle | undefined
const nextOf = (bundle: Bundle | undefined) => bundle?.link?.find(({ relation }) => relation === 'next')?.url

t.test('Bundle `next` link followed through the proxy 3 pages deep, `ct` byte-identical upstream.', async t => {
  const both = await start(t)
  const { fhir, exchanges, sandbox } = both
  const client = new FhirKitClient({ baseUrl: fhir })
  let page = asBundle(await client.search({ resourceType: 'Observation', searchParams: { _count: 10 } }))
  let pages = 1
  for (let next = nextOf(page); next; next = nextOf(page)) {
    t.ok(next.startsWith(`${fhir}/Observation?`), next)
    const { target: asked = '' } = exchanges.at(-1) ?? {}
    const original = nextOf(JSON.parse(await atOrigin(both, asked)) as Bundle)
    page = asBundle(await client.nextPage({ bundle: page as never }))
    pages++
    const last = exchanges.at(-1)
    t.equal(`${sandbox.fhir.url}${last?.target}`, original, 'the service gets the link that it gave, to the byte')
    t.match(last?.target, /[?&]ct=/)
    t.ok(page?.entry?.every(({ fullUrl, resource }) => fullUrl === `${fhir}/Observation/${resource?.id}`))
  }
  t.ok(pages > 3, `${pages} pages`)
  assertNobodyWentAround(t, both)
})

t.test('fhir-kit-client creates by Location, reads histories and runs a transaction', async t => {
  const both = await start(t)
  const { fhir, ask } = both
  const client = new FhirKitClient({ baseUrl: fhir })
  const created = await ask(`${fhir}/Patient`, {
    method: 'POST',
    body: '{"resourceType":"Patient","gender":"other"}',
    headers: { 'content-type': 'application/fhir+json' },
  })
  const location = created.headers.get('location') ?? ''
  t.match(location, new RegExp(`^${fhir}/Patient/[^/]+/_history/1$`))
  t.match(await (await ask(location)).json(), { resourceType: 'Patient', gender: 'other' })
  const { id = '' } = (await created.json()) as Patient
  await client.patch({ resourceType: 'Patient', id, jsonPatch: [{ op: 'replace', path: '/gender', value: 'unknown' }] })
  for (const history of [await client.resourceHistory({ resourceType: 'Patient', id }), await client.systemHistory()]) {
    const bundle = asBundle(history)
    t.equal(bundle?.entry?.[0]?.fullUrl, `${fhir}/Patient/${id}`)
    for (const { url } of bundle?.link ?? []) t.ok(url?.startsWith(fhir), url)
  }
  const transaction = {
    ...{ resourceType: 'Bundle', type: 'transaction' },
    entry: [
      { fullUrl: 'urn:uuid:1', resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patient' } },
      {
        resource: { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: `${fhir}/Patient/${id}` } },
        request: { method: 'POST', url: 'Observation' },
      },
    ],
  }
  const [patient, observation] = asBundle(await client.transaction({ body: transaction as never }))?.entry ?? []
  t.match(patient?.response?.location, fhir)
  t.equal((observation?.resource as Observation | undefined)?.subject?.reference, `${fhir}/Patient/${id}`)
  const statement = (await (await ask(`${fhir}/metadata`)).json()) as CapabilityStatement
  t.equal(statement.implementation?.url, fhir)
  assertNobodyWentAround(t, both)
})

t.test('MedplumClient walks all pages and finds what it stored by the links that it got', async t => {
  const { MedplumClient } = await import('@medplum/core')
  const both = await start(t)
  const { fhir } = both
  const client = new MedplumClient({ baseUrl: `${fhir}/`, fhirUrlPath: '', cacheTime: 0 })
  const found: string[] = []
  for await (const page of client.searchResourcePages('Observation', { _count: '10' })) found.push(...page.map(({ id }) => id))
  t.ok(found.length > 30)
  t.equal(new Set(found).size, found.length)
  const reference = `${fhir}/Patient/patient-01`
  const created = await client.createResource({
    ...{ resourceType: 'Observation', status: 'final', code: { text: 'a link of ours' }, subject: { reference } },
  } satisfies Observation)
  t.equal(created.subject?.reference, reference)
  t.match(await atOrigin(both, `/Observation/${created.id}`), `"reference":"${both.sandbox.fhir.url}/Patient/patient-01"`)
  const again = await client.searchResources('Observation', { subject: reference, _sort: '-_lastUpdated', _count: '1' })
  t.equal(again[0]?.id, created.id)
  assertNobodyWentAround(t, both)
})

t.test('`$export` status passes blob URLs unrewritten and never gets our bearer.', async t => {
  const both = await start(t, { sandbox: { fhir: { exportMilliseconds: 0 } } })
  const { fhir, ask, exchanges } = both
  const begun = await ask(`${fhir}/$export?_type=Patient`, { headers: { accept: 'application/fhir+json', prefer: 'respond-async' } })
  t.equal(begun.status, 202)
  const status = begun.headers.get('content-location') ?? ''
  t.ok(status.startsWith(`${fhir}/_operations/export/`), status)
  const polled = await ask(status)
  t.equal(polled.status, 200)
  const manifest = (await polled.json()) as { request: string; output: { type: string; url: string }[] }
  t.equal(manifest.request, `${fhir}/$export?_type=Patient`)
  const [file] = manifest.output
  t.not(new URL(file?.url ?? '').port, String(both.daemon.port), 'the storage is another host')
  const [line = ''] = (await (await ask(file?.url ?? '')).text()).split('\n')
  t.equal((JSON.parse(line) as Resource).resourceType, 'Patient')
  const storage = exchanges.filter(({ service }) => service === 'storage')
  t.same(
    storage.map(({ rawHeaders }) => fieldOf(rawHeaders, 'authorization')),
    [''],
  )
  assertNobodyWentAround(t, both)
})

t.test('RetrieveURL points at the proxy with the proxy’s scheme.', async t => {
  const both = await start(t)
  const { dicom, ask } = both
  Object.assign(globalThis, { XMLHttpRequest })
  t.teardown(() => Reflect.deleteProperty(globalThis, 'XMLHttpRequest'))
  const client = new api.DICOMwebClient({ url: dicom, verbose: false } as never)
  const file = dicomFile({ study: '2.25.10', series: '2.25.20', instance: '2.25.30' })
  const stored = await ask(`${dicom}/studies/2.25.10`, {
    method: 'POST',
    body: new Uint8Array(multipartBody([file])),
    headers: { 'content-type': multipartType, accept: 'application/dicom+json' },
  })
  const answer = (await stored.json()) as Dataset
  const [item] = (answer['00081199']?.Value ?? []) as Dataset[]
  t.same(answer['00081190']?.Value, [`${dicom}/studies/2.25.10`])
  t.same(item?.['00081190']?.Value, [`${dicom}/studies/2.25.10/series/2.25.20/instances/2.25.30`])
  const retrieved = await ask(String(item?.['00081190']?.Value?.[0]), { headers: { accept: 'application/dicom; transfer-syntax=*' } })
  t.ok(Buffer.from(await retrieved.arrayBuffer()).equals(file), 'what it leads to is what was stored')

  const phantom = { studyInstanceUID: studyUid(1), seriesInstanceUID: seriesUid(1, 1), sopInstanceUID: instanceUid(1, 1, 1) }
  const studies = (await client.searchForStudies({})) as unknown as Dataset[]
  const instances = (await client.searchForInstances({ studyInstanceUID: phantom.studyInstanceUID } as never)) as unknown as Dataset[]
  for (const dataset of [...studies, ...instances]) {
    const [url] = (dataset['00081190']?.Value ?? []) as string[]
    if (url !== undefined) t.ok(url.startsWith(`${dicom}/studies/`), url)
  }
  t.ok(((await client.retrieveInstance(phantom as never)) as ArrayBuffer).byteLength > 1000)
  t.equal(((await client.retrieveSeriesMetadata(phantom as never)) as unknown as Dataset[]).length, 20)
  assertNobodyWentAround(t, both)
})

t.test('every command of the DICOM tutorial works without its Authorization line', { timeout: 90_000 }, async t => {
  const both = await start(t)
  await followTutorial(t, both.dicom, [])
  assertNobodyWentAround(t, both)
})

t.test('nothing that clients store or search by holds an address of ours', async t => {
  const both = await start(t)
  const { fhir, dicom, ask, daemon, exchanges } = both
  const headers = { 'content-type': 'application/fhir+json' }
  const addresses = [fhir, fhir.replace('localhost', '127.0.0.1'), fhir.replace('http', 'HTTP')]
  for (const address of addresses) {
    const patient = {
      ...{ resourceType: 'Patient', link: [{ type: 'seealso', other: { reference: `${address}/Patient/patient-01` } }] },
      extension: [{ url: `${address}/StructureDefinition/x`, valueUrl: `${dicom}/studies/1.2.3` }],
      text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${address}/Patient/patient-01">x</a></div>` },
    }
    const body = JSON.stringify(patient)
    const created = await ask(`${fhir}/Patient`, { method: 'POST', headers, body })
    t.equal(created.status, 201, await created.clone().text())
    const { id } = (await created.json()) as Patient
    const kept = await atOrigin(both, `/Patient/${id}`)
    t.match(kept, `"reference":"${both.sandbox.fhir.url}/Patient/patient-01"`)
    t.match(kept, `"valueUrl":"${both.sandbox.dicom.url}/studies/1.2.3"`)
    t.notMatch(kept, String(daemon.port))
    const back = await (await ask(`${fhir}/Patient/${id}`)).text()
    t.match(back, `"valueUrl":"${dicom}/studies/1.2.3"`)
  }
  const elsewhere = '{"resourceType":"Patient","photo":[{"url":"http://localhost:3000/a.png"},{"url":"http://127.0.0.1/b.png"}]}'
  t.equal((await ask(`${fhir}/Patient`, { method: 'POST', headers, body: elsewhere })).status, 201, 'other ports are legal content')
  const journal = await both.control.journal()
  t.same(
    journal.exchanges.slice(-2).map(({ otherLoopbackUrls }) => otherLoopbackUrls),
    [0, 2],
    'and counted',
  )
  exchanges.length = 0
  const refused = await ask(`${fhir}/Patient`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ resourceType: 'Patient', photo: [{ url: `${daemon.url}/elsewhere/1` }] }),
  })
  t.equal(refused.status, 422)
  t.equal(refused.headers.get('hallpass-error'), 'link-unmapped')
  t.match(await refused.json(), { resourceType: 'OperationOutcome', issue: [{ diagnostics: /at \/photo\/0\/url in the body/ }] })
  t.equal(exchanges.length, 0, 'the service never heard of it')
})

t.test('a route with "localise": false passes links as they are, both ways', async t => {
  const both = await start(t, { fhirRoute: { localise: false } })
  const { fhir, sandbox, ask } = both
  const bundle = (await (await ask(`${fhir}/Patient?_count=1`)).json()) as Bundle
  t.ok(bundle.entry?.[0]?.fullUrl?.startsWith(sandbox.fhir.url))
})

t.test('the links of a real Orthanc lead back to us: nobody ever calls it directly', { timeout: 60_000 }, async t => {
  const orthanc = await startOrthanc()
  t.teardown(orthanc.close)
  const relay = await startRecordingRelay(t, Number(new URL(orthanc.url).port))
  const origin = `${relay.origin}/dicom-web`
  const both = await start(t, { routes: { '/orthanc': { origin, kind: 'dicom', audience: 'https://dicom.healthcareapis.azure.com' } } })
  const base = `${both.daemon.url}/orthanc`
  const { ask } = both
  const file = dicomFile({ study: '2.25.10', series: '2.25.20', instance: '2.25.30' })
  const json = { accept: 'application/dicom+json' }
  const stored = await ask(`${base}/studies`, {
    method: 'POST',
    body: new Uint8Array(multipartBody([file])),
    headers: { ...json, 'content-type': multipartType },
  })
  t.equal(stored.status, 200)
  const seen = new Set<string>()
  const linksIn = (text: string) => [...text.matchAll(/"(http[^"]+)"/g)].map(([, url]) => String(url).trim())
  const waiting = linksIn(await stored.text())
  for (const level of ['studies', 'series', 'instances']) waiting.push(`${base}/${level}`)
  for (let url = waiting.shift(); url !== undefined && seen.size < 100; url = waiting.shift()) {
    if (seen.has(url)) continue
    seen.add(url)
    t.ok(url.startsWith(`${base}/`), url)
    const leaf = /\/(?:studies|series|instances)$/.test(url) || url.endsWith('/metadata')
    const answer = await ask(url, { headers: { accept: leaf ? json.accept : '*/*' } })
    t.equal(answer.status, 200, url)
    const body = await answer.text()
    if (answer.headers.get('content-type')?.startsWith('application/dicom+json')) waiting.push(...linksIn(body))
    if (/\/instances\/[\d.]+$/.test(url)) waiting.push(`${url}/metadata`)
  }
  t.ok(
    [...seen].some(url => url.includes('/bulk/')),
    'bulk data too',
  )
  t.ok(seen.size >= 8, `${seen.size} links were followed`)
  t.equal(relay.heads.length, seen.size + 1, 'each of them, and the upload, reached Orthanc')
  t.same(
    relay.heads.filter(head => !/^authorization: Bearer /im.test(head)),
    [],
    'and none of them but through us',
  )
})
