// What is kept of a refusal so that it can be explained: words of the protocol and claims that decide, never what a service or a token says besides.
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { request } from 'undici'
import { claimsOf } from '../../src/proxy/claims.ts'
import { readChallenge } from '../../src/proxy/evidence.ts'
import { Bearer } from '../../src/terms/bearer.ts'
import { startOrigin, startProxied } from '../fixtures/proxied.ts'

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

t.test(
  'of a challenge: its words, short and safe to show; of claims only that there are some; a realm only where it is a resource',
  async t => {
    const claims = Buffer.from('{"access_token":{}}').toString('base64')
    const challenge = readChallenge(
      `Bearer realm="Chalmers", error="a\u001b[2J", error_description="${'x'.repeat(1_000)}", claims="${claims}"`,
    )
    t.match(challenge, { error: 'a\\u001b[2J', claims: true, resource: undefined })
    t.ok((challenge?.description?.length ?? 0) <= 301)
    for (const realm of ['https://x.example', 'api://x']) t.equal(readChallenge(`Bearer realm="${realm}"`)?.resource, realm)
    t.equal(readChallenge('Bearer realm="https://x.example", resource_id="https://y.example"')?.resource, 'https://y.example')
  },
)

t.test('of a token: the claims that decide, no name of anybody, nothing long', async t => {
  const people = {
    name: 'Ada',
    preferred_username: 'ada@x.example',
    upn: 'ada@x.example',
    email: 'ada@x.example',
    unique_name: 'ada',
    sub: 's',
  }
  const roles = [...Array.from({ length: 30 }, (_, index) => `role-${index}`), 7]
  const payload = { ...people, aud: 'https://x', oid: 'o', exp: 5, nbf: 'soon', scp: 'x'.repeat(301), azp: 'client', roles }
  const found = claimsOf(new Bearer(`h.${encode(payload)}.s`, 'https://x', 0))
  t.strictSame(found, { aud: 'https://x', oid: 'o', appid: 'client', exp: 5, roles: roles.slice(0, 20) })
  for (const text of ['opaque', 'h.e30', 'h.%%%.s', `h.${encode([1])}.s`]) {
    const claims = claimsOf(new Bearer(text, 'https://x', 0))
    t.strictSame(claims ?? {}, {}, text)
  }
})

t.test('of a body: its code, when FHIR knows it; nothing of a long one, and a bomb stays packed', async t => {
  const outcome = (code: string) => JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ code, diagnostics: 'Chalmers' }] })
  const bodies: [Buffer, string | undefined, object][] = [
    [Buffer.from(outcome('conflict')), undefined, { body: 'other', issue: 'conflict' }],
    [gzipSync(outcome('conflict')), 'gzip', { body: 'other', issue: 'conflict' }],
    [Buffer.from(outcome('Chalmers')), undefined, { body: 'other', issue: undefined }],
    [Buffer.from(`${outcome('conflict')}${' '.repeat(4_096)}`), undefined, { body: 'other', issue: undefined }],
    [gzipSync(`${outcome('conflict')}${' '.repeat(100_000)}`), 'gzip', { body: 'other', issue: undefined }],
    [Buffer.from('no gzip'), 'gzip', { body: 'other', issue: undefined }],
  ]
  for (const [body, coding, kept] of bodies) {
    const origin = await startOrigin(t, (_request, response) => {
      response.writeHead(403, { 'Content-Type': 'application/fhir+json', ...(coding && { 'Content-Encoding': coding }) }).end(body)
    })
    const { url, parts } = await startProxied(t, origin)
    const answer = await request(`${url}/Patient`)
    await answer.body.dump()
    const { evidence } = parts.journal.records()[0] ?? {}
    t.match(evidence, kept)
    t.notMatch(JSON.stringify(evidence), /Chalmers/)
  }
})
