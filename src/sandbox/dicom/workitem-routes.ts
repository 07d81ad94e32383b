// The worklist service (UPS-RS) below a version or a partition.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Access } from '../access.ts'
import { demandJsonAccepted } from './accept.ts'
import { readDatasets } from './dicom-json.ts'
import { parseMediaType } from './media-type.ts'
import { readQuery } from './query.ts'
import { Refusal } from './refusal.ts'
import { type Handle, parametersOf, sendJson, sendResults, warn } from './replies.ts'
import type { PartitionOf } from './study-routes.ts'
import { resolveWorkitemAttribute, searchWorkitems } from './workitem-search.ts'
import { alreadyFinal, changeState, createWorkitem, demandWorkitem, requestCancellation, updateWorkitem } from './workitem-transaction.ts'

/** @param clock - Milliseconds since the epoch. */
export function addWorkitemRoutes(app: FastifyInstance, partitionOf: PartitionOf, clock: () => number): void {
  const route = (method: 'GET' | 'POST' | 'PUT', url: string, access: Access, handle: Handle) => {
    app.route({ method, url, config: { access }, onRequest: method === 'GET' ? [] : [demandJsonBody], handler: handle })
  }
  const contextOf = (request: FastifyRequest, mayCreate = false) => ({ store: partitionOf(request, mayCreate).workitems, now: clock() })

  route('POST', '/workitems', 'write', async (request, reply) => {
    demandJsonAccepted(request.headers.accept)
    const [dataset] = readDatasets(request.body)
    const uid = createWorkitem(contextOf(request, true), dataset, bareParameter(request))
    const location = `${partitionOf(request).base()}/workitems/${uid}`
    return reply.code(201).headers({ location, 'content-location': location }).send()
  })
  route('GET', '/workitems', 'read', async (request, reply) => {
    demandJsonAccepted(request.headers.accept)
    const query = readQuery(parametersOf(request), resolveWorkitemAttribute)
    return sendResults(reply, searchWorkitems(partitionOf(request).workitems, query))
  })
  route('GET', '/workitems/:workitem', 'read', async (request, reply) => {
    demandJsonAccepted(request.headers.accept)
    return sendJson(reply, demandWorkitem(partitionOf(request).workitems, uidOf(request)).dataset)
  })
  route('POST', '/workitems/:workitem', 'write', async (request, reply) => {
    const [changes] = readDatasets(request.body)
    updateWorkitem(contextOf(request), uidOf(request), changes, bareParameter(request))
    return reply.header('content-location', `${partitionOf(request).base()}/workitems/${uidOf(request)}`).send()
  })
  route('PUT', '/workitems/:workitem/state', 'write', async (request, reply) => {
    const [change] = readDatasets(request.body)
    const warning = changeState(contextOf(request), uidOf(request), change)
    if (warning !== undefined) warn(request, reply, warning)
    return reply.send()
  })
  route('POST', '/workitems/:workitem/cancelrequest', 'write', async (request, reply) => {
    const [given] = readDatasets(request.body)
    const context = contextOf(request)
    const { state } = demandWorkitem(context.store, uidOf(request))
    if (state === 'CANCELED') warn(request, reply, alreadyFinal(state))
    requestCancellation(context, uidOf(request), given)
    return reply.code(202).type('text/plain; charset=utf-8').send('The workitem instance has been cancelled.')
  })
}

async function demandJsonBody(request: FastifyRequest): Promise<void> {
  const contentType = request.headers['content-type'] ?? ''
  if (parseMediaType(contentType).type !== 'application/dicom+json')
    throw new Refusal(415, `The specified content type '${contentType}' is not supported.`)
}

function uidOf(request: FastifyRequest): string {
  return (request.params as { workitem: string }).workitem
}

/** The name of the first parameter: UIDs come as `?1.2.3`, without a value. */
function bareParameter(request: FastifyRequest): string | undefined {
  return [...parametersOf(request).keys()][0]
}
