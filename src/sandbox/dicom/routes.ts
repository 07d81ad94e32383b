// The DICOMweb resources below a version, as routes over the store.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Access } from '../access.ts'
import { chooseForm, demandJsonAccepted } from './accept.ts'
import type { InstanceStore, Place } from './instance-store.ts'
import { writeMultipart } from './multipart.ts'
import { readQuery } from './query.ts'
import { Refusal } from './refusal.ts'
import { demandInstances, filePieces, framePieces, metadataOf, type Piece } from './retrieve-transaction.ts'
import { type Resource, searchInstances } from './search-transaction.ts'
import { demandStorable, filesOf, isUid, storeFiles } from './store-transaction.ts'

export type RouteOptions = {
  store: InstanceStore
  /** Origin and version, such as `http://localhost:51234/v2`. */
  base: () => string
}

type Parameters = Partial<Record<'study' | 'series' | 'instance' | 'frames', string>>
type Handle = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

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

export function addRoutes(app: FastifyInstance, options: RouteOptions): void {
  const route = (method: 'GET' | 'POST' | 'DELETE', url: string, access: Access, handle: Handle) => {
    const onRequest = [demandUids, ...(method === 'POST' ? [demandStorableBody] : [])]
    app.route({ method, url, config: { access }, onRequest, handler: handle })
  }
  for (const url of ['/studies', study]) route('POST', url, 'write', answerStore(options))
  for (const [url, resource] of Object.entries(searches)) route('GET', url, 'read', answerSearch(options, resource))
  for (const url of [study, series, instance]) {
    route('GET', url, 'read', answerFiles(options.store))
    route('GET', `${url}/metadata`, 'read', answerMetadata(options.store))
    route('DELETE', url, 'write', answerDelete(options.store))
  }
  route('GET', `${instance}/frames/:frames`, 'read', answerFrames(options.store))
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

function answerStore({ store, base }: RouteOptions): Handle {
  return async (request, reply) => {
    const { body } = request
    if (!Buffer.isBuffer(body) || body.length === 0) throw new Refusal(400, 'The request body is missing.')
    if (!store.hasRoomFor(body.length))
      throw new Refusal(503, 'The sandbox keeps its files in memory and has no room for these: delete studies, or start it anew.')
    const files = filesOf(request.headers['content-type'] ?? '', body)
    const { status, dataset } = storeFiles(store, files, (request.params as Parameters).study, base())
    return dataset === undefined ? reply.code(status).send() : sendJson(reply.code(status), dataset)
  }
}

function answerSearch({ store, base }: RouteOptions, resource: Omit<Resource, 'within'>): Handle {
  return async (request, reply) => {
    demandJsonAccepted(request.headers.accept)
    const query = readQuery(new URL(request.url, 'http://localhost').searchParams, resource.levels)
    const { study, series } = request.params as Parameters
    const within = study === undefined ? {} : { within: { study, ...(series !== undefined && { series }) } }
    const results = searchInstances(store, { ...resource, ...within }, query, base())
    return results.length === 0 ? reply.code(204).send() : sendJson(reply, results)
  }
}

function answerFiles(store: InstanceStore): Handle {
  return async (request, reply) => {
    const place = placeOf(request)
    const form = chooseForm(request.headers.accept, 'application/dicom', place.instance !== undefined)
    return sendPieces(reply, 'application/dicom', filePieces(demandInstances(store, place), form), form.multipart)
  }
}

function answerFrames(store: InstanceStore): Handle {
  return async (request, reply) => {
    const { frames = '' } = request.params as Parameters
    const form = chooseForm(request.headers.accept, 'application/octet-stream', true)
    if (!form.multipart && frames.includes(','))
      throw new Refusal(406, 'The accept header is supported for single frame retrieval, use multi-part accept header instead.')
    const [found] = demandInstances(store, placeOf(request))
    return sendPieces(reply, 'application/octet-stream', framePieces(found, frames, form), form.multipart)
  }
}

function answerMetadata(store: InstanceStore): Handle {
  return async (request, reply) => {
    demandJsonAccepted(request.headers.accept)
    const { datasets, etag } = metadataOf(demandInstances(store, placeOf(request)))
    reply.header('etag', etag)
    return request.headers['if-none-match'] === etag ? reply.code(304).send() : sendJson(reply, datasets)
  }
}

function answerDelete(store: InstanceStore): Handle {
  return async (request, reply) => {
    const place = placeOf(request)
    demandInstances(store, place)
    store.remove(place)
    return reply.code(204).send()
  }
}

function placeOf(request: FastifyRequest): Place {
  const { study = '', series, instance } = request.params as Parameters
  return { study, ...(series !== undefined && { series }), ...(instance !== undefined && { instance }) }
}

function sendJson(reply: FastifyReply, value: object): FastifyReply {
  return reply.header('content-type', 'application/dicom+json; charset=utf-8').send(JSON.stringify(value))
}

function sendPieces(reply: FastifyReply, type: string, pieces: Piece[], multipart: boolean): FastifyReply {
  const [single] = pieces
  if (!multipart && single)
    return reply
      .header('content-type', single.contentType)
      .send(Buffer.from(single.body.buffer, single.body.byteOffset, single.body.length))
  const { contentType, body } = writeMultipart(type, pieces)
  return reply.header('content-type', contentType).send(body)
}
