// Carries out the entries of a batch, each for itself, or of a transaction, all or none.
import type { Bundle, BundleEntry, OperationOutcome } from '@medplum/fhirtypes'
import { bodyOf, demandTransactional, type Entry, fieldOf, isEntry, methodOrder, readEntries, targetOf } from './bundle-entries.ts'
import { type Identities, identify, resolveReferences } from './bundle-references.ts'
import { bundleHead, type FhirAnswer, type FhirRequest, type Ground, type Interaction } from './exchange.ts'
import { outcomeOf, Refusal, refusalFrom, refuse } from './refusal.ts'

/** Answers a request as the route would that its method and path lead to. @throws Refusal */
export type Dispatch = (request: Omit<FhirRequest, 'parameters'>) => Promise<FhirAnswer>

type Work = Ground & { dispatch: Dispatch; outer: FhirRequest }

/** `x-bundle-processing-logic` is for the service to heed or not: what the client gets is the same. */
export function processBundle(ground: Ground, dispatch: Dispatch): Interaction {
  return async outer => {
    const bundle = (outer.body ?? {}) as Partial<Bundle>
    if (bundle.resourceType !== 'Bundle')
      throw refuse(400, 'invalid', 'Only a bundle can be submitted for batch or transaction processing.')
    const { type } = bundle
    if (type === undefined) throw refuse(405, 'not-supported', 'Bundle type is not present. Possible values are: transaction or batch')
    if (type !== 'batch' && type !== 'transaction')
      throw refuse(405, 'not-supported', `Bundles of type '${type}' are not supported for this operation.`)
    const work = { ...ground, dispatch, outer }
    const entry = await (type === 'batch' ? batch : transaction)(readEntries(bundle), work)
    return { status: 200, resource: { ...bundleHead(outer, ground), type: `${type}-response`, entry } }
  }
}

async function batch(entries: BundleEntry[], work: Work): Promise<BundleEntry[]> {
  const answers = new Map<BundleEntry, BundleEntry>()
  for (const entry of inOrder(entries.filter(isEntry))) answers.set(entry, await answerEntry(entry, work))
  const empty = refuse(400, 'invalid', 'Request is empty')
  return entries.map(entry => answers.get(entry) ?? refusedEntry(empty, work.outer))
}

async function transaction(entries: BundleEntry[], work: Work): Promise<BundleEntry[]> {
  const asked: Entry[] = []
  for (const entry of entries) {
    demandTransactional(entry)
    asked.push(entry)
  }
  const answers = new Map<BundleEntry, BundleEntry>()
  await work.store.withTransaction(async store => {
    const identities = identify(asked, store)
    const resolved = new Map(asked.map(entry => [entry, resolvedEntry(entry, identities, work)]))
    for (const entry of inOrder(asked)) {
      const identity = identities.get(entry.fullUrl ?? '')
      const assigned = identity && !identity.existing ? { assignedId: identity.id } : {}
      answers.set(entry, demandSuccess(await answerEntry(resolved.get(entry) ?? entry, work, assigned), entry))
    }
  })
  return entries.map(entry => answers.get(entry) ?? {})
}

function resolvedEntry(entry: Entry, identities: Identities, { store }: Work): Entry {
  return entry.resource ? { ...entry, resource: resolveReferences(entry.resource, identities, store) } : entry
}

/** Whatever refuses one entry refuses the transaction. @throws Refusal with the entry's status and issues. */
function demandSuccess(answer: BundleEntry, { request: { method, url } }: Entry): BundleEntry {
  const status = Number(answer.response?.status)
  if (status < 400) return answer
  const outcome = answer.response?.outcome as OperationOutcome | undefined
  const diagnostics = `Transaction failed on '${method}' for the requested url '/${url.replace(/^\//, '')}'.`
  throw new Refusal(status, [{ severity: 'error', code: 'processing', diagnostics }, ...(outcome?.issue ?? [])])
}

function inOrder(entries: Entry[]): Entry[] {
  return methodOrder.flatMap(method => entries.filter(({ request }) => request.method === method))
}

async function answerEntry(entry: Entry, { dispatch, outer, base }: Work, assigned: { assignedId?: string } = {}): Promise<BundleEntry> {
  try {
    const target = targetOf(entry.request, base())
    const { id, permits } = outer
    const query = [...new URL(target, base()).searchParams]
    const { method } = entry.request
    return answeredEntry(
      await dispatch({ method, target, query, body: bodyOf(entry), field: fieldOf(entry, outer), id, permits, ...assigned }),
    )
  } catch (error) {
    return refusedEntry(refusalFrom(error), outer)
  }
}

function answeredEntry({ status, resource, fields = {} }: FhirAnswer): BundleEntry {
  const isOutcome = (resource as { resourceType?: string } | undefined)?.resourceType === 'OperationOutcome'
  const { location, etag } = fields
  const modified = fields['last-modified']
  return {
    ...(resource && !isOutcome && { resource: resource as NonNullable<BundleEntry['resource']> }),
    response: {
      status: String(status),
      ...(location && { location }),
      ...(etag && { etag }),
      ...(modified && { lastModified: new Date(modified).toISOString() }),
      ...(isOutcome && { outcome: resource as OperationOutcome }),
    },
  }
}

function refusedEntry({ status, outcome }: Refusal, { id }: FhirRequest): BundleEntry {
  return { response: { status: String(status), outcome: outcomeOf(outcome.issue ?? [], id) } }
}
