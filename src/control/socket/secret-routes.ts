// Client secrets into the vault and out of it, for the command line.
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import type { SecretRemoval, SecretReport, SecretRequest } from '../client/wire.ts'
import { name, type SocketApiParts, strict } from './parts.ts'

const secretBody = Type.Object(
  { profile: name, secret: Type.String({ minLength: 1, maxLength: 10_000 }), expires: Type.Optional(Type.Number()) },
  strict,
)
const removalBody = Type.Object({ profile: name, only: Type.Optional(Type.Literal('previous')) }, strict)

export function addSecretRoutes(api: FastifyInstance, { current }: SocketApiParts): void {
  api.get('/secrets', async (): Promise<SecretReport[]> => current().credentials.secrets.list())

  api.post<{ Body: SecretRequest }>('/secrets', { schema: { body: secretBody } }, async ({ body }): Promise<SecretReport> => {
    const { profile, secret, expires } = body
    const report = await current().credentials.secrets.set(profile, secret, expires)
    current().broker.tokens.drop(profile)
    return report
  })

  api.post<{ Body: SecretRemoval }>('/secrets/remove', { schema: { body: removalBody } }, async ({ body }) => {
    const count = await current().credentials.secrets.remove(body.profile, body.only)
    current().broker.tokens.drop(body.profile)
    return { count }
  })
}
