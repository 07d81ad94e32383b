// The studies service below a version or a partition: store, search, retrieve, delete.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Access } from '../access.ts'
import { chooseForm, demandJsonAccepted } from './accept.ts'
import type { Place } from './instance-store.ts'
import type { Partition } from './partitions.ts'
import { readQuery, resolveAt } from './query.ts'
import { Refusal } from './refusal.ts'
import { readRendering, renderFrame } from './rendered-transaction.ts'
import { type Handle, parametersOf, sendJson, sendPiece, sendPieces, sendResults } from './replies.ts'
import { demandInstances, filePieces, framePieces, metadataOf } from './retrieve-transaction.ts'
import { type Resource, searchInstances } from './search-transaction.ts'
import { demandStorable, filesOf, storeFiles } from './store-transaction.ts'
import { isUid } from './store-validation.ts'

/** The partition that a request is about. @throws Refusal 400 */
export type PartitionOf = (request: FastifyRequest, mayCreate?: boolean) => Partition

type Parameters = Partial<Record<'study' | 'series' | 'instance' | 'frames', string>>

const study = '/studies/:study'
const series = `${study}/series/:series`
const instance = `${series}/instances/:instance`

/** What each search resource finds, and the levels whose attributes it knows (conformance statement v2, Searchable Attributes). */
const searches: Record<string, Omit<Resource, 'within'>> = {
  '/studies': { level: 'study', levels: ['study'] },
  '/series': { level: 'series', levels: ['study', 'series'] },
  '/instances': { level: 'instance', levels: ['study', 'series', 'instance'] },
  [`${study}/series`]: { level: 'series', levels: ['series'] },
  [`${study}/instances`]: { level: 'instance', levels: ['series', 'instance'] },
  [`${series}/instances`]: { level: 'instance', levels: ['instance'] },
}

export function addStudyRoutes(app: FastifyInstance, partitionOf: PartitionOf): void {
  const route = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, access: Access, handle: Handle) => {
    const onRequest = [demandUids, ...(method === 'POST' || method === 'PUT' ? [demandStorableBody] : [])]
    app.route({ method, url, config: { access }, onRequest, handler: handle })
  }
  for (const url of ['/studies', study])
    for (const method of ['POST', 'PUT'] as const) route(method, url, 'write', answerStore(partitionOf, method === 'PUT'))
  for (const [url, resource] of Object.entries(searches)) route('GET', url, 'read', answerSearch(partitionOf, resource))
  for (const url of [study, series, instance]) {
    route('GET', url, 'read', answerFiles(partitionOf))
    route('GET', `${url}/metadata`, 'read', answerMetadata(partitionOf))
    route('DELETE', url, 'write', answerDelete(partitionOf))
  }
  route('GET', `${instance}/frames/:frames`, 'read', answerFrames(partitionOf))
  for (const url of [instance, `${instance}/frames/:frames`]) route('GET', `${url}/rendered`, 'read', answerRendered(partitionOf))
}

async function demandUids(request: FastifyRequest): Promise<void> {
  const { study, series, instance } = request.params as Parameters
  for (const uid of [study, series, instance])
    if (uid !== undefined && !isUid(uid)) throw new Refusal(400, `The string '${uid}' was not recognized as a valid DICOM identifier.`)
}

async function demandStorableBody(request: FastifyRequest): Promise<void> {
  demandJsonAccepted(request.headers.accept)
  demandStorable(request.headers['content-type'])
}

function answerStore(partitionOf: PartitionOf, replace: boolean): Handle {
  return async (request, reply) => {
    const { body } = request
    if (!Buffer.isBuffer(body) || body.length === 0) throw new Refusal(400, 'The request body is missing.')
    const files = filesOf(request.headers['content-type'] ?? '', body)
    const { instances, base } = partitionOf(request, true)
    if (!instances.hasRoomFor(body.length))
      throw new Refusal(503, 'The sandbox keeps its files in memory and has no room for these: delete studies, or start it anew.')
    const { status, dataset } = storeFiles(instances, { files, study: (request.params as Parameters).study, replace }, base())
    return dataset === undefined ? reply.code(status).send() : sendJson(reply.code(status), dataset)
  }
}

function answerSearch(partitionOf: PartitionOf, resource: Omit<Resource, 'within'>): Handle {
  return async (request, reply) => {
    demandJsonAccepted(request.headers.accept)
    const query = readQuery(parametersOf(request), resolveAt(resource.levels))
    const { study, series } = request.params as Parameters
    const within = study === undefined ? {} : { within: { study, ...(series !== undefined && { series }) } }
    const { instances, base } = partitionOf(request)
    return sendResults(reply, searchInstances(instances, { ...resource, ...within }, query, base()))
  }
}

function answerFiles(partitionOf: PartitionOf): Handle {
  return async (request, reply) => {
    const place = placeOf(request)
    const form = chooseForm(request.headers.accept, 'application/dicom', place.instance !== undefined)
    const pieces = filePieces(demandInstances(partitionOf(request).instances, place), form)
    const [single] = pieces
    return form.multipart || !single ? sendPieces(reply, 'application/dicom', pieces) : sendPiece(reply, single)
  }
}

function answerFrames(partitionOf: PartitionOf): Handle {
  return async (request, reply) => {
    const { frames = '' } = request.params as Parameters
    const form = chooseForm(request.headers.accept, 'application/octet-stream', true)
    if (!form.multipart && frames.includes(','))
      throw new Refusal(406, 'The accept header is supported for single frame retrieval, use multi-part accept header instead.')
    const [found] = demandInstances(partitionOf(request).instances, placeOf(request))
    const pieces = framePieces(found, frames, form)
    const [single] = pieces
    return form.multipart || !single ? sendPieces(reply, 'application/octet-stream', pieces) : sendPiece(reply, single)
  }
}

/** Of an instance the first frame. */
function answerRendered(partitionOf: PartitionOf): Handle {
  return async (request, reply) => {
    const { frames = '1' } = request.params as Parameters
    const rendering = readRendering(request.headers.accept, parametersOf(request).get('quality') ?? undefined)
    const [found] = demandInstances(partitionOf(request).instances, placeOf(request))
    return sendPiece(reply, renderFrame(found, Number(frames), rendering))
  }
}

function answerMetadata(partitionOf: PartitionOf): Handle {
  return async (request, reply) => {
    demandJsonAccepted(request.headers.accept)
    const { datasets, etag } = metadataOf(demandInstances(partitionOf(request).instances, placeOf(request)))
    reply.header('etag', etag)
    return isKnown(request, etag) ? reply.code(304).send() : sendJson(reply, datasets)
  }
}

function isKnown(request: FastifyRequest, etag: string): boolean {
  const known = request.headers['if-none-match']?.split(',').map(entry => entry.trim().replace(/^W\//, ''))
  return known?.includes(etag) ?? false
}

function answerDelete(partitionOf: PartitionOf): Handle {
  return async (request, reply: FastifyReply) => {
    const place = placeOf(request)
    const { instances } = partitionOf(request)
    demandInstances(instances, place)
    instances.remove(place)
    return reply.code(204).send()
  }
}

function placeOf(request: FastifyRequest): Place {
  const { study = '', series, instance } = request.params as Parameters
  return { study, ...(series !== undefined && { series }), ...(instance !== undefined && { instance }) }
}
