// What both faces of the control API have in common: bodies are taken exactly as defined, and refused in our words.
import type { ServerResponse } from 'node:http'
import Fastify, { type FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/schema'
import { answerError } from '../errors/answer.ts'
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'

/** An app without routes. By default Fastify would drop unknown members and turn `1` into `true`, and load a second validator to do so. */
export function createApiApp(): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: 64 * 1024,
    exposeHeadRoutes: false,
    // Fastify's own answer to a broken percent-encoding repeats the path, under no policy.
    frameworkErrors: (_error, _request, reply) => refuseTarget(reply.raw),
  })
  app.removeContentTypeParser('text/plain')
  app.setValidatorCompiler<TSchema>(({ schema }) => {
    let validator: Validator | undefined
    return body => {
      validator ??= Compile(schema)
      return validator.Check(body) ? { value: body } : { error: new Error('the body is not as defined') }
    }
  })
  return app
}

function refuseTarget(response: ServerResponse): void {
  answerError(response, new HallpassError('target-refused', { rule: 'broken percent-encoding' }), 'program')
}

/** What Fastify refuses by itself has a status of its own; its words may repeat what was sent. */
export function asApiError(thrown: unknown): HallpassError {
  const { statusCode = 500 } = thrown as { statusCode?: number }
  if (thrown instanceof HallpassError || statusCode >= 500) return asHallpassError(thrown)
  if (statusCode === 415) return new HallpassError('media-type-refused', {}, { cause: thrown })
  return new HallpassError('request-malformed', {}, { cause: thrown })
}
