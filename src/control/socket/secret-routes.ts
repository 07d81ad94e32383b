// Client secrets into the vault and out of it, for the command line.
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import type { SecretRemoval, SecretReport, SecretRequest } from '../client/wire.ts'
import { name, type SocketApiParts, strict } from './parts.ts'

const secretBody = Type.Object({ profile: name, secret: Type.String({ minLength: 1, maxLength: 10_000 }) }, strict)
const profileBody = Type.Object({ profile: name }, strict)

export function addSecretRoutes(api: FastifyInstance, { current }: SocketApiParts): void {
  api.get('/secrets', async (): Promise<SecretReport[]> => current().secrets.list())

  api.post<{ Body: SecretRequest }>('/secrets', { schema: { body: secretBody } }, async ({ body }) => {
    await current().secrets.set(body.profile, body.secret)
    current().broker.tokens.drop(body.profile)
    return {}
  })

  api.post<{ Body: { profile: string } }>(
    '/secrets/remove',
    { schema: { body: profileBody } },
    async ({ body }): Promise<SecretRemoval> => {
      const kept = await current().secrets.remove(body.profile)
      current().broker.tokens.drop(body.profile)
      return { kept }
    },
  )
}
