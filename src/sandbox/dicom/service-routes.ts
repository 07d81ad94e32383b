// What belongs to the service as a whole rather than to a partition: change feed, partitions, operations.
import type { FastifyInstance } from 'fastify'
import type { Access } from '../access.ts'
import type { Partitions } from './partitions.ts'
import { Refusal } from './refusal.ts'
import { type Handle, parametersOf, sendJson } from './replies.ts'

export function addServiceRoutes(app: FastifyInstance, partitions: Partitions): void {
  const get = (url: string, handle: Handle, access: Access = 'read') => app.get(url, { config: { access } }, handle)
  get('/changefeed', async (request, reply) => sendJson(reply, partitions.changeFeed.read(parametersOf(request)), json))
  get('/changefeed/latest', async (request, reply) => {
    const latest = partitions.changeFeed.latest(parametersOf(request))
    return latest === undefined ? reply.code(204).send() : sendJson(reply, latest, json)
  })
  get('/partitions', async (_request, reply) => {
    const list = partitions.list().map(({ key, name, created }) => ({ partitionKey: key, partitionName: name, createdDate: created }))
    return sendJson(reply, list, json)
  })
  // Exports, updates and new query tags, which begin operations, are not served here: there is none to be found.
  get('/operations/:operation', async request => {
    const { operation } = request.params as { operation: string }
    if (!/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(operation))
      throw new Refusal(400, `Unable to parse value '${operation}' as Guid.`)
    throw new Refusal(404, '')
  })
}

const json = 'application/json'
