// Certificates into the vault and out of it, for the command line. Private keys come in here, and none goes out.
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import type { CertificateRemoval, CertificateReport, CertificateRequest } from '../client/wire.ts'
import { name, type SocketApiParts, strict } from './parts.ts'

const pem = Type.String({ minLength: 1, maxLength: 20_000 })
const certificateBody = Type.Object(
  { profile: name, privateKey: pem, chain: Type.Array(pem, { minItems: 1, maxItems: 10 }), sendChain: Type.Boolean() },
  strict,
)
const removalBody = Type.Object({ profile: name, only: Type.Optional(Type.String({ maxLength: 200 })) }, strict)

export function addCertificateRoutes(api: FastifyInstance, { current }: SocketApiParts): void {
  api.get('/certificates', async (): Promise<CertificateReport[]> => current().credentials.certificates.list())

  api.post<{ Body: CertificateRequest }>('/certificates', { schema: { body: certificateBody } }, async ({ body }) => {
    const { profile, ...material } = body
    const report = await current().credentials.certificates.add(profile, material)
    current().broker.tokens.drop(profile)
    return report
  })

  api.post<{ Body: CertificateRemoval }>('/certificates/remove', { schema: { body: removalBody } }, async ({ body }) => {
    const removed = await current().credentials.certificates.remove(body.profile, body.only)
    current().broker.tokens.drop(body.profile)
    return removed
  })
}
