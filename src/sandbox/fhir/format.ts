// The formats in which the FHIR service takes and gives resources: JSON, like the managed Azure service, and nothing else.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { refuse } from './refusal.ts'

const json = ['application/fhir+json', 'application/json', 'text/json']

/** 2 MB. The managed service documents no limit; its predecessor's was slightly less than that for a resource. */
export const bodyLimit = 2 * 1024 * 1024

/** @throws Refusal 406 when neither _format nor Accept allow JSON. */
export async function demandJsonAccepted(request: FastifyRequest): Promise<void> {
  // A plus that was not encoded arrives as a space.
  const format = new URL(request.url, 'http://localhost').searchParams.get('_format')?.replace(' ', '+')
  if (format) {
    if (format !== 'json' && !json.includes(mediaType(format)))
      throw refuse(406, 'not-supported', 'The requested "_format" parameter is not supported.')
    return
  }
  const { accept } = request.headers
  if (!accept || accept.split(',').some(range => ['*/*', 'application/*', ...json].includes(mediaType(range)))) return
  throw refuse(406, 'not-supported', `Value supplied, ${accept},  for the "Accept" header is not supported.`)
}

/** Parses JSON bodies of FHIR's media types and forms of searches; refuses others with 415. */
export function parseBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser([...json, 'application/json-patch+json'], { parseAs: 'string', bodyLimit }, (request, body, done) => {
    if (body === '') return done(null)
    return parseJson(request, body.toString(), (error, parsed) => {
      if (error) done(refuse(400, 'invalid', "Error occurred when parsing model: 'the body is not valid JSON'."))
      else done(null, parsed)
    })
  })
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit }, (_request, body, done) => {
    done(null, [...new URLSearchParams(body.toString())])
  })
  app.addContentTypeParser('*', (request, _payload, done) => {
    const value = request.headers['content-type'] ?? ''
    done(refuse(415, 'not-supported', `Value supplied, ${value},  for the "Content-Type" header is not supported.`))
  })
}

/** Sends a resource as FHIR JSON, indented when the request says `_pretty=true`. */
export function sendResource(request: FastifyRequest, reply: FastifyReply, status: number, resource: object): FastifyReply {
  const indent = /[?&]_pretty=true(&|$)/.test(request.url) ? 2 : undefined
  return reply
    .code(status)
    .header('content-type', 'application/fhir+json; charset=utf-8')
    .send(JSON.stringify(resource, null, indent))
}

function mediaType(value: string): string {
  return (value.split(';', 1)[0] ?? '').trim().toLowerCase()
}
