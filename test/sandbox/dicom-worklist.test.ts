// Workitems (UPS-RS) of the sandbox's DICOMweb service: the four states, who may change what, and searches.
import { test } from 'tap'
import type { Dataset } from '../../src/sandbox/dicom/dicom-json.ts'
import { datasetsOf, start, valuesOf } from './dicom-requests.ts'
import type { Client } from './service-client.ts'

const uid = '2.25.77'
const transaction = '2.25.99'
const state = '00741000'
const sq = { vr: 'SQ' }

/** What a workitem must have, empty where it may be. */
const complete: Dataset = {
  '00081195': { vr: 'UI' },
  '00741200': { vr: 'CS', Value: ['MEDIUM'] },
  '00741204': { vr: 'LO', Value: ['Read the phantom'] },
  '00741210': sq,
  '00404005': { vr: 'DT', Value: ['20260105093000'] },
  '00404018': sq,
  '00404021': sq,
  '00404025': { vr: 'SQ', Value: [{ '00080100': { vr: 'SH', Value: ['STATION-1'] } }] },
  '00404026': sq,
  '00404027': sq,
  '00404041': { vr: 'CS', Value: ['READY'] },
  '00400400': { vr: 'LT' },
  '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Phantom^Testperson' }] },
  '00100020': { vr: 'LO', Value: ['HTEST-PHANTOM'] },
  '00100021': { vr: 'LO' },
  '00100024': sq,
  '00100030': { vr: 'DA' },
  '00100040': { vr: 'CS' },
  '00101002': sq,
  '00380010': { vr: 'LO' },
  '00380014': sq,
  '00081080': { vr: 'LO' },
  '00081084': sq,
  '0040A370': { vr: 'SQ', Value: [{ '00080050': { vr: 'SH', Value: ['HTEST-CT-1'] } }] },
  '00741002': sq,
  '00741216': sq,
}
const without = (...tags: string[]) => Object.fromEntries(Object.entries(complete).filter(([tag]) => !tags.includes(tag)))

type Sent = { method?: string; body?: unknown; type?: string; as?: string; accept?: string }

function send(client: Client, path: string, { method = 'POST', body, type = 'application/dicom+json', as = 'writer', accept }: Sent) {
  const headers = { 'content-type': type, accept: accept ?? 'application/dicom+json' }
  return client.ask(`/v2${path}`, { method, headers, as, ...(body !== undefined && { body: JSON.stringify(body) }) })
}

const create = (client: Client, dataset: Dataset = complete, path = `/workitems?${uid}`) => send(client, path, { body: [dataset] })
const stateChange = (to: string, by: string | undefined = transaction): Dataset => ({
  '00081195': { vr: 'UI', ...(by !== undefined && { Value: [by] }) },
  [state]: { vr: 'CS', Value: [to] },
})
const change = (client: Client, to: string, by?: string) =>
  send(client, `/workitems/${uid}/state`, { method: 'PUT', body: [stateChange(to, by)] })
const retrieve = async (client: Client) => {
  const response = await client.ask(`/v2/workitems/${uid}`, { headers: { accept: 'application/dicom+json' } })
  return (await response.json()) as Dataset
}
const stateOf = async (client: Client) => valuesOf(await retrieve(client), state)?.[0]
/** Status, and that there is a reason in plain text. */
const refusal = async (response: Response) => {
  const text = await response.text()
  const isText = response.headers.get('content-type')?.startsWith('text/plain') && /\w/.test(text)
  return isText ? response.status : `${response.status} ${response.headers.get('content-type')} ${text}`
}

test('a workitem is created once, is scheduled then, and says where it is', async t => {
  const client = await start(t)
  const created = await create(client)
  const location = `${client.origin}/v2/workitems/${uid}`
  t.same([created.status, created.headers.get('location'), created.headers.get('content-location')], [201, location, location])
  t.equal(await created.text(), '')
  const dataset = await retrieve(client)
  t.match(dataset, {
    [state]: { Value: ['SCHEDULED'] },
    '00080018': { Value: [uid] },
    '00080016': { Value: ['1.2.840.10008.5.1.4.34.6.1'] },
  })
  t.match(dataset['00404010'], { vr: 'DT', Value: ['20260102030405.000000'] }, 'the time of the change')
  t.equal((await client.ask(location.replace(client.origin, ''))).status, 200)

  t.equal(await refusal(await create(client)), 409)
  const named = { ...complete, '00080018': { vr: 'UI', Value: ['2.25.78'] } }
  t.equal((await create(client, named, '/workitems')).status, 201, 'the dataset may name it instead')
  t.equal(await refusal(await create(client, named, '/workitems?2.25.79')), 400, 'but not otherwise than the URL')
  for (const tag of ['00741200', '00741204', '00404005', '00404041', '00100010', '00741210', '0040A370', '00081195'])
    t.equal(await refusal(await create(client, without(tag), '/workitems?2.25.80')), 400, `without ${tag}`)
  t.equal(await refusal(await create(client, { ...complete, '00741200': { vr: 'CS' } }, '/workitems?2.25.80')), 400, 'an empty priority')
  t.equal(await refusal(await create(client, stateChange('SCHEDULED'), '/workitems?2.25.80')), 400, 'a transaction UID is not yet to be')
  t.equal(await refusal(await create(client, complete, '/workitems')), 400, 'named nowhere')
  t.equal(await refusal(await create(client, complete, '/workitems?not-a-uid')), 400)
})

test('bodies and types that are none are refused, and readers may only read', async t => {
  const client = await start(t)
  t.equal((await create(client)).status, 201)
  for (const body of [
    {},
    [],
    [{ x: 1 }],
    ['text'],
    [{ '00100020': { Value: ['x'] } }],
    [{ '00100020': { vr: 'LO', Value: 'x' } }],
    null,
    [{ '00404018': { vr: 'SQ', Value: ['x'] } }],
  ])
    t.equal(await refusal(await send(client, '/workitems?2.25.80', { body })), 400, JSON.stringify(body))
  t.equal(await refusal(await send(client, '/workitems?2.25.80', {})), 400, 'no body')
  t.equal(await refusal(await send(client, '/workitems?2.25.80', { body: [complete], type: 'application/json' })), 415)
  t.equal(await refusal(await send(client, '/workitems?2.25.80', { body: [complete], accept: 'text/html' })), 406)
  t.equal((await send(client, '/workitems?2.25.80', { body: [complete], as: 'reader' })).status, 403)
  t.equal((await client.ask(`/v2/workitems/${uid}`, { as: 'reader' })).status, 200)
  t.equal((await client.ask('/v2/workitems', { as: '' })).status, 401)
  for (const path of ['/workitems/2.25.1', '/workitems/2.25.1/cancelrequest'])
    t.equal(await refusal(await send(client, path, { body: [{}] })), 404, path)
  t.equal((await client.ask('/v2/workitems/2.25.1')).status, 404)
  t.equal((await client.ask('/v2/workitems/x')).status, 400)
})

test('whoever claims a workitem owns it: changes need the transaction UID, which is never shown', async t => {
  const client = await start(t)
  await create(client)
  const label = [{ '00741204': { vr: 'LO', Value: ['Read it again'] } }]
  const update = (query = '') => send(client, `/workitems/${uid}${query}`, { body: label })
  t.equal(await refusal(await update(`?${transaction}`)), 400, 'nobody owns it yet')
  const updated = await update()
  t.same([updated.status, updated.headers.get('content-location')], [200, `${client.origin}/v2/workitems/${uid}`])
  t.equal(await refusal(await change(client, 'COMPLETED')), 400, 'it is not in progress')
  t.equal(await refusal(await change(client, 'SCHEDULED')), 400, 'nothing goes back to the schedule')
  t.equal(
    await refusal(
      await send(client, `/workitems/${uid}/state`, { method: 'PUT', body: [{ [state]: { vr: 'CS', Value: ['IN PROGRESS'] } }] }),
    ),
    400,
  )
  t.equal((await change(client, 'IN PROGRESS')).status, 200)
  const dataset = await retrieve(client)
  t.same([valuesOf(dataset, state), valuesOf(dataset, '00741204'), dataset['00081195']], [['IN PROGRESS'], ['Read it again'], undefined])
  t.notMatch(JSON.stringify(dataset), transaction)

  t.equal(await refusal(await change(client, 'IN PROGRESS')), 400, 'it is already')
  t.equal(await refusal(await change(client, 'COMPLETED', '2.25.98')), 400, 'somebody else')
  for (const query of ['', '?2.25.98']) t.equal(await refusal(await update(query)), 400, `update with '${query}'`)
  t.equal((await update(`?${transaction}`)).status, 200)
  for (const tag of [state, '00100010', '00080018'])
    t.equal(
      await refusal(
        await send(client, `/workitems/${uid}?${transaction}`, { body: [{ [tag]: complete[tag] ?? { vr: 'CS', Value: ['X'] } }] }),
      ),
      400,
      tag,
    )

  t.equal(await refusal(await change(client, 'COMPLETED')), 400, 'what was performed is not told')
  const performed = ['00404028', '00404050', '00404019', '00404051', '00404033'].map(tag => [tag, { vr: 'SQ' }])
  const told = [{ '00741216': { vr: 'SQ', Value: [Object.fromEntries(performed)] } }]
  t.equal((await send(client, `/workitems/${uid}?${transaction}`, { body: told })).status, 200)
  t.equal(await refusal(await change(client, 'COMPLETED', '2.25.98')), 400, 'nor may somebody else complete it')
  t.equal((await change(client, 'COMPLETED')).status, 200)
  t.equal(await stateOf(client), 'COMPLETED')
  const again = await change(client, 'COMPLETED')
  t.same([again.status, /^299 /.test(again.headers.get('warning') ?? '')], [200, true], 'a warning, not an error')
  t.equal(await refusal(await change(client, 'CANCELED')), 400)
  t.equal(await refusal(await update(`?${transaction}`)), 400, 'it is final')
})

test('cancellation can be asked for while nobody owns it', async t => {
  const client = await start(t)
  await create(client)
  const cancel = () =>
    send(client, `/workitems/${uid}/cancelrequest`, { body: [{ '00741238': { vr: 'LT', Value: ['No longer needed'] } }] })
  t.equal((await cancel()).status, 202)
  t.equal(await stateOf(client), 'CANCELED')
  t.match(JSON.stringify((await retrieve(client))['00741002']), 'No longer needed')
  const again = await cancel()
  t.match(again.headers.get('warning'), /^299 .*"The UPS is already in the requested state of CANCELED\."$/)
  t.equal(await refusal(again), 409)
  await create(client, complete, '/workitems?2.25.90')
  await send(client, '/workitems/2.25.90/state', { method: 'PUT', body: [stateChange('IN PROGRESS')] })
  t.equal(await refusal(await send(client, '/workitems/2.25.90/cancelrequest', { body: [{}] })), 409, 'somebody owns it')
})

test('searches find workitems by what is in them and in their sequences, page by page', async t => {
  const client = await start(t)
  t.equal((await client.ask('/v2/workitems')).status, 204)
  for (const [index, name] of ['2.25.71', '2.25.72', '2.25.73'].entries()) {
    const dataset = { ...complete, '00404005': { vr: 'DT', Value: [`2026010${index + 1}093000`] } }
    t.equal((await create(client, dataset, `/workitems?${name}`)).status, 201)
  }
  await send(client, '/workitems/2.25.73/state', { method: 'PUT', body: [stateChange('IN PROGRESS')] })
  const cases: [string, string[]][] = [
    ['', ['3', '2', '1']],
    ['?limit=2', ['3', '2']],
    ['?limit=2&offset=2', ['1']],
    ['?offset=3', []],
    ['?PatientID=HTEST-PHANTOM&ProcedureStepState=SCHEDULED', ['2', '1']],
    ['?ProcedureStepState=IN%20PROGRESS', ['3']],
    ['?ScheduledProcedureStepStartDateTime=20260102', []],
    ['?ScheduledProcedureStepStartDateTime=20260102093000', ['2']],
    ['?ScheduledProcedureStepStartDateTime=20260102-', ['3', '2']],
    ['?ScheduledProcedureStepStartDateTime=-2026010209', ['1']],
    ['?ScheduledProcedureStepStartDateTime=20260101-20260103', ['2', '1']],
    ['?ReferencedRequestSequence.AccessionNumber=HTEST-CT-1', ['3', '2', '1']],
    ['?0040A370.00080050=HTEST-CT-2', []],
    ['?ScheduledStationNameCodeSequence.CodeValue=station-1', ['3', '2', '1']],
    ['?PatientName=phan&fuzzymatching=true', ['3', '2', '1']],
    ['?PatientName=phan', []],
  ]
  for (const [query, expected] of cases) {
    const response = await client.ask(`/v2/workitems${query}`)
    t.equal(response.status, expected.length === 0 ? 204 : 200, query)
    const found = (await datasetsOf(response)).map(dataset => String(valuesOf(dataset, '00080018')?.[0]).slice(-1))
    t.same(found, expected, query)
  }
  const [shown] = await datasetsOf(await client.ask('/v2/workitems?includefield=CommentsOnTheScheduledProcedureStep'))
  t.ok(shown && '00400400' in shown && !('00404010' in shown) && !('00081195' in shown))
  const [all] = await datasetsOf(await client.ask('/v2/workitems?includefield=all'))
  t.ok(all && '00404010' in all)
  for (const query of [
    'Rows=1',
    'Nothing=1',
    'PatientID=',
    'limit=0',
    'ReferencedRequestSequence=1',
    'ReferencedRequestSequence.Rows=1',
    'ScheduledProcedureStepStartDateTime=soon',
  ])
    t.equal(await refusal(await client.ask(`/v2/workitems?${query}`)), 400, query)
})
