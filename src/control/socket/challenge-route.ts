// The first thing that the command line asks: are you the daemon of the user who asks?
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import type { Challenge, ChallengeAnswer } from '../client/challenge.ts'
import { type SocketApiParts, strict } from './parts.ts'

const body = Type.Object({ nonce: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }) }, strict)

export function addChallengeRoute(api: FastifyInstance, { prove }: SocketApiParts): void {
  api.post<{ Body: Challenge }>('/challenge', { schema: { body } }, async ({ body: { nonce } }): Promise<ChallengeAnswer> => {
    return { proof: prove(nonce) }
  })
}
