// The storage that exported files are fetched from: an origin of its own, where a signed URL is all that counts.
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { ExportJobs } from './export-jobs.ts'

/** Seconds for which a signed URL is good. */
const signatureLife = 3600

export type ExportStorage = {
  app: FastifyInstance
  setOrigin: (origin: string) => void
  signedUrl: (path: string) => string
}

/**
 * Answers as Azure Blob Storage does to shared access signatures, in XML. It has no use for the FHIR service's tokens, and says so: a
 * request that carries one has leaked it to another host.
 */
export function exportStorage(jobs: ExportJobs, clock: () => number): ExportStorage {
  const key = randomBytes(32)
  let origin = ''
  const sign = (path: string, expiry: string) => createHmac('sha256', key).update(`${path}\n${expiry}`).digest()
  const isSigned = (path: string, { se = '', sig = '' }: Signature) => {
    const sent = Buffer.from(sig, 'base64url')
    const own = sign(path, se)
    return sent.length === own.length && timingSafeEqual(sent, own) && Date.parse(se) > clock()
  }
  const app = fastify({ forceCloseConnections: true, routerOptions: { maxParamLength: 1024 } })
  app.setErrorHandler((_error, _request, reply) =>
    answerError(reply, 400, 'InvalidUri', 'The requested URI does not represent any resource on the server.'),
  )
  app.setNotFoundHandler((_request, reply) => answerError(reply, 404, 'ResourceNotFound', 'The specified resource does not exist.'))
  app.addHook('onRequest', refuseTokens)
  app.get<{ Querystring: Signature }>('/:container/:job/:file', async (request, reply) => {
    const [path = ''] = request.url.split('?', 1)
    if (!isSigned(path, request.query)) return answerError(reply, 403, 'AuthenticationFailed', 'Server failed to authenticate the request.')
    const file = jobs.fileAt(path)
    if (!file) return answerError(reply, 404, 'BlobNotFound', 'The specified blob does not exist.')
    const body = Buffer.from(file.resources.map(resource => `${JSON.stringify(resource)}\n`).join(''))
    return reply
      .headers({ 'content-type': 'application/fhir+ndjson', 'x-ms-blob-type': 'BlockBlob', 'x-ms-request-id': randomUUID() })
      .send(body)
  })
  return {
    app,
    setOrigin: value => {
      origin = value
    },
    signedUrl: path => {
      const se = new Date(clock() + signatureLife * 1000).toISOString()
      return `${origin}${path}?${new URLSearchParams({ sp: 'r', se, sig: sign(path, se).toString('base64url') })}`
    },
  }
}

type Signature = { se?: string; sig?: string }

async function refuseTokens(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  if (request.headers.authorization === undefined) return undefined
  return answerError(
    reply,
    400,
    'InvalidAuthenticationInfo',
    'A signed URL must be asked without an Authorization header: the token belongs to another host.',
  )
}

function answerError(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  const xml = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`
  return reply
    .code(status)
    .headers({ 'content-type': 'application/xml', 'x-ms-error-code': code, 'x-ms-request-id': randomUUID() })
    .send(xml)
}
