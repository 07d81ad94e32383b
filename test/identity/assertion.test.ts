// What a client assertion says (RFC 7523): the strong algorithm, the right thumbprint, the chain only when it is wanted.
import { createHash, createVerify, X509Certificate } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { makeCertificate } from '../../src/identity/certificates/make-certificate.ts'
import type { ClientCredential } from '../../src/identity/client-application.ts'
import { day } from '../../src/terms/expiry.ts'
import { startRig } from '../harness/identity.ts'

const now = Date.now()
const { privateKey, chain } = await makeCertificate({ name: 'assertion', bits: 2048, notBefore: now - day, notAfter: now + day })
const certificate = new X509Certificate(chain[0] ?? '')
const thumbprintSha256 = certificate.fingerprint256.replaceAll(':', '')

/** The assertion that arrives at a token endpoint, which refuses it. */
async function assertionOf(t: Test, more: Partial<ClientCredential & { kind: 'certificate' }>): Promise<string> {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      bodies.push(Buffer.concat(parts).toString())
      response
        .writeHead(401, { 'Content-Type': 'application/json' })
        .end('{"error":"invalid_client","error_description":"AADSTS700027: no"}')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { identity, fhir } = await startRig(t, {
    profile: {
      flow: 'client-credentials',
      credential: 'certificate',
      sandbox: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    },
    credential: () => ({ kind: 'certificate', privateKey, thumbprintSha256, ...more }),
  })
  await t.rejects(identity.silently(fhir), { code: 'token-refused' })
  t.equal(bodies.length, 1, 'one credential, one request')
  return new URLSearchParams(bodies[0]).get('client_assertion') ?? ''
}

const headerOf = (assertion: string) => JSON.parse(Buffer.from(assertion.split('.')[0] ?? '', 'base64url').toString())

t.test('a certificate signs with PS256 and is named by x5t#S256, computed from the certificate itself', async t => {
  const assertion = await assertionOf(t, {})
  const header = headerOf(assertion)
  t.match(header, { alg: 'PS256', 'x5t#S256': createHash('sha256').update(certificate.raw).digest('base64url') })
  t.notOk('x5c' in header)
  const [head, body, signature = ''] = assertion.split('.')
  const key = { key: certificate.publicKey, padding: 6, saltLength: 32 }
  t.ok(createVerify('sha256').update(`${head}.${body}`).verify(key, signature, 'base64url'))
})

t.test('the chain goes along when it is wanted', async t => {
  const { x5c } = headerOf(await assertionOf(t, { chain: chain.join('') }))
  t.strictSame([x5c].flat(), [certificate.raw.toString('base64')])
})
