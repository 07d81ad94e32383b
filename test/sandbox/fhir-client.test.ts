// The sandbox's FHIR service as clients that others wrote meet it, with tokens from the sandbox's own identity provider.
import type { Bundle, Patient, Resource } from '@medplum/fhirtypes'
import { Client as FhirKitClient } from 'fhir-kit-client'
import { generateKeyPair, SignJWT } from 'jose'
import { type Test, test } from 'tap'
import type { ObservedExchange } from '../../src/sandbox/contract.ts'
import { syntheticRecords } from '../../src/sandbox/fhir/records/records.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts'
import { confidentialClientId, tenantId } from '../../src/sandbox/tenant.ts'
import '../../src/sandbox/fhir/web-socket.ts'
import { authorizeUrl, dicomScope, redeem, refresh, signIn } from './identity-client.ts'

const observations = syntheticRecords(1).flatMap(({ resource }) => (resource.resourceType === 'Observation' ? resource.id : []))

async function start(t: Test, options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox(options)
  t.teardown(sandbox.close)
  return sandbox
}

async function tokenOf({ identity }: Sandbox, username = 'ada@sandbox.example', scope?: string): Promise<string> {
  const base = `${identity.url}/${identity.tenantId}`
  const { body } = await redeem(base, (await signIn(authorizeUrl(base), username)).get('code'))
  if (scope === undefined) return body.access_token ?? ''
  return (await refresh(base, body.refresh_token, { scope })).body.access_token ?? ''
}

/** Its types are those of another package of FHIR types. */
const asBundle = (value: unknown) => value as Bundle | undefined

test('fhir-kit-client walks all pages, creates, reads the history and runs a transaction and a batch', async t => {
  const sandbox = await start(t)
  const client = new FhirKitClient({ baseUrl: sandbox.fhir.url, customHeaders: { authorization: `Bearer ${await tokenOf(sandbox)}` } })
  const found: (string | undefined)[] = []
  let page = asBundle(await client.search({ resourceType: 'Observation', searchParams: { _count: 25 } }))
  for (; page; page = asBundle(await client.nextPage({ bundle: page as never })))
    found.push(...(page.entry ?? []).map(({ resource }) => resource?.id))
  t.same(found, observations)

  const created = (await client.create({ resourceType: 'Patient', body: { resourceType: 'Patient', gender: 'other' } as never })) as Patient
  const id = created.id ?? ''
  await client.patch({ resourceType: 'Patient', id, jsonPatch: [{ op: 'replace', path: '/gender', value: 'unknown' }] })
  await client.delete({ resourceType: 'Patient', id })
  for (const history of [
    await client.history({ resourceType: 'Patient', id }),
    await client.resourceHistory({ resourceType: 'Patient', id }),
  ])
    t.same(
      asBundle(history)?.entry?.map(({ request }) => request?.method),
      ['DELETE', 'PUT', 'POST'],
    )
  t.equal(asBundle(await client.typeHistory({ resourceType: 'Patient' }))?.entry?.[0]?.request?.method, 'DELETE')
  t.equal(asBundle(await client.systemHistory())?.entry?.[0]?.fullUrl, `${sandbox.fhir.url}/Patient/${id}`)

  const transaction = {
    ...{ resourceType: 'Bundle', type: 'transaction' },
    entry: [
      { fullUrl: 'urn:uuid:1', resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patient' } },
      {
        resource: { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: 'urn:uuid:1' } },
        request: { method: 'POST', url: 'Observation' },
      },
    ],
  }
  const [patient, observation] = asBundle(await client.transaction({ body: transaction as never }))?.entry ?? []
  t.match(observation?.resource, { subject: { reference: `Patient/${patient?.resource?.id}` } })
  const batch = { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: 'Patient/nobody' } }] }
  t.equal(asBundle(await client.batch({ body: batch as never }))?.entry?.[0]?.response?.status, '404')

  const everything = asBundle(await client.operation({ name: 'everything', resourceType: 'Patient', id: 'patient-01', method: 'GET' }))
  t.equal(everything?.entry?.[0]?.resource?.id, 'patient-01')
  t.ok(
    asBundle(await client.compartmentSearch({ resourceType: 'Observation', compartment: { resourceType: 'Patient', id: 'patient-01' } }))
      ?.entry?.length,
  )
})

test('MedplumClient searches, walks pages, creates, updates, reads histories, validates and sends batches', async t => {
  const { MedplumClient } = await import('@medplum/core')
  const sandbox = await start(t)
  const client = new MedplumClient({ baseUrl: `${sandbox.fhir.url}/`, fhirUrlPath: '', accessToken: await tokenOf(sandbox), cacheTime: 0 })
  const found: string[] = []
  for await (const page of client.searchResourcePages('Observation', { _count: '25' })) found.push(...page.map(({ id }) => id))
  t.same(found, observations)
  const one = await client.searchOne('Patient', { identifier: 'http://hallpass.example/mrn|HTEST-0003' })
  t.equal(one?.id, 'patient-03')

  const created = await client.createResource({ resourceType: 'Patient', gender: 'other' } satisfies Patient)
  const updated = await client.updateResource({ ...created, gender: 'unknown' } satisfies Patient)
  t.match(updated, { id: created.id, gender: 'unknown', meta: { versionId: '2' } })
  const patched = await client.patchResource('Patient', created.id, [{ op: 'add', path: '/active', value: true }])
  t.equal(patched.active, true)
  t.equal((await client.readHistory('Patient', created.id)).entry?.length, 3)
  t.match(await client.readVersion('Patient', created.id, '1'), { gender: 'other' })
  const again = await client.createResourceIfNoneExist({ resourceType: 'Patient' }, 'identifier=http://hallpass.example/mrn|HTEST-0003')
  t.equal(again.id, 'patient-03')
  const upserted = await client.upsertResource({ ...again, active: false }, 'identifier=http://hallpass.example/mrn|HTEST-0003')
  t.equal(upserted.active, false)
  const batch: Bundle = {
    ...{ resourceType: 'Bundle', type: 'batch' },
    entry: [{ request: { method: 'GET', url: 'Patient/patient-01' } }, { request: { method: 'DELETE', url: `Patient/${created.id}` } }],
  }
  t.same(
    (await client.executeBatch(batch)).entry?.map(({ response }) => response?.status),
    ['200', '204'],
  )
  const everything = await client.readPatientEverything('patient-01')
  t.equal(everything.entry?.[0]?.resource?.id, 'patient-01')
  t.match(await client.validateResource({ resourceType: 'Patient' }), { issue: [{ diagnostics: 'All OK' }] })
  await t.rejects(client.readResource('Patient', 'nobody'), { message: /couldn't be found/ })
  await t.rejects(client.readResource('Patient', created.id), { message: /has been deleted/ })
})

test('a bulk export leads to another host, where no token goes, and the observer sees that it does not', async t => {
  const time = { ahead: 0 }
  const seen: ObservedExchange[] = []
  const sandbox = await start(t, { clock: () => Date.now() + time.ahead })
  sandbox.observer.on('exchange', exchange => seen.push(exchange))
  const authorization = `Bearer ${await tokenOf(sandbox)}`
  const begun = await fetch(`${sandbox.fhir.url}/$export?_type=Patient`, {
    headers: { authorization, accept: 'application/fhir+json', prefer: 'respond-async' },
  })
  const status = begun.headers.get('content-location') ?? ''
  t.equal((await fetch(status, { headers: { authorization } })).status, 202)
  time.ahead = 1000
  const manifest = (await (await fetch(status, { headers: { authorization } })).json()) as { output: { url: string }[] }
  const [file] = manifest.output
  t.match(file?.url, /^http:\/\/localhost:\d+\//)
  t.not(new URL(file?.url ?? '').origin, sandbox.fhir.url)
  const first = JSON.parse((await (await fetch(file?.url ?? '')).text()).split('\n')[0] ?? '') as Resource
  t.equal(first.resourceType, 'Patient')
  t.equal((await fetch(file?.url ?? '', { headers: { authorization } })).status, 400)
  const storage = seen.filter(({ service }) => service === 'storage')
  t.same(
    storage.map(({ status }) => status),
    [200, 400],
  )
  await sandbox.close()
  await t.rejects(fetch(file?.url ?? ''), 'the storage ends with the sandbox')
})

test('tokens of another audience, out of date, from another key or without a role are refused in the documented shapes', async t => {
  const time = { ahead: 0 }
  const sandbox = await start(t, { clock: () => Date.now() + time.ahead })
  const ask = (token: string, path = '/Patient', init: RequestInit = {}) =>
    fetch(`${sandbox.fhir.url}${path}`, { ...init, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' } })
  const good = await tokenOf(sandbox)
  const claims = JSON.parse(Buffer.from(good.split('.')[1] ?? '', 'base64url').toString())
  const { privateKey } = await generateKeyPair('RS256')
  const kid = JSON.parse(Buffer.from(good.split('.')[0] ?? '', 'base64url').toString()).kid
  const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey)
  const reader = await tokenOf(sandbox, 'ben@sandbox.example')
  const roleless = await tokenOf(sandbox, 'nora@sandbox.example')
  const dicom = await tokenOf(sandbox, 'ada@sandbox.example', dicomScope)
  const unauthenticated: [string, RegExp][] = [
    [dicom, /^Bearer error="invalid_token", error_description="The audience 'https:\/\/dicom\.healthcareapis\.azure\.com' is invalid"$/],
    [forged, /^Bearer error="invalid_token", error_description="The signature is invalid"$/],
    ['nonsense', /^Bearer error="invalid_token"$/],
  ]
  const body = (code: string, diagnostics: string) => ({
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code, diagnostics }],
  })
  for (const [token, wanted] of unauthenticated) {
    const response = await ask(token)
    t.equal(response.status, 401)
    t.match(response.headers.get('www-authenticate'), wanted)
    t.match(await response.json(), body('login', 'Authentication failed.'))
  }
  const post = { method: 'POST', body: '{"resourceType":"Patient"}' }
  for (const [token, path, init] of [
    [roleless, '/Patient', {}],
    [roleless, '/Patient/patient-01/$everything', {}],
    [roleless, '/', { method: 'POST', body: '{"resourceType":"Bundle","type":"batch"}' }],
    [reader, '/Patient', post],
    [reader, '/$export', {}],
  ] as const) {
    const response = await ask(token, path, init)
    t.equal(response.status, 403, path)
    t.match(await response.json(), body('forbidden', 'Authorization failed.'))
  }
  t.equal((await ask(good)).status, 200)
  time.ahead = 2 * 3600_000
  const late = await ask(good)
  t.equal(late.status, 401)
  t.match(late.headers.get('www-authenticate'), /error_description="The token expired at '\d\d\/\d\d\/\d{4} /)
})

test('an application’s own token works by the app role that it was granted, beside the roles of its principal', async t => {
  const scope = (audience: string) => `${audience}/.default`
  const appId = '55555555-aaaa-4bbb-8ccc-000000000002'
  const audience = 'https://sandbox-fhir.fhir.azurehealthcareapis.com'
  const byAppRole = {
    ...{ appId, displayName: 'By app role', secrets: [{ value: 'a test secret' }] },
    permissions: [{ resource: audience, roles: ['system.all.read'] }],
  }
  const sandbox = await start(t, { applications: [byAppRole] })
  const tokenFor = async (id: string) => {
    const secret = sandbox.applications.find(application => application.appId === id)?.secrets[0]?.value ?? ''
    const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret, scope: scope(audience) }
    const response = await fetch(`${sandbox.identity.url}/${tenantId}/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    })
    return ((await response.json()) as { access_token: string }).access_token
  }
  for (const [id, writes] of [
    [appId, 403],
    [confidentialClientId, 201],
  ] as const) {
    const headers = { authorization: `Bearer ${await tokenFor(id)}`, 'content-type': 'application/fhir+json' }
    t.equal((await fetch(`${sandbox.fhir.url}/Patient`, { headers })).status, 200, id)
    t.equal(
      (await fetch(`${sandbox.fhir.url}/Patient`, { method: 'POST', body: '{"resourceType":"Patient"}', headers })).status,
      writes,
      id,
    )
  }
})
