// The page that explains an exchange: what a service wrote into its refusal stands there as text.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import t from 'tap'
import { addExplainPage } from '../../src/control/explain-page.ts'
import { createJournal } from '../../src/journal/journal.ts'
import { emptyRecord } from '../../src/journal/record.ts'
import { sendRaw } from '../fixtures/raw-http.ts'

const hostile = `<img src=x>&"'`

t.test('no word of a service, of a token or of a request is markup in it', async t => {
  const journal = createJournal(1, () => 'abcdefgh')
  const id = journal.nextId()
  const claims = { aud: hostile, tid: hostile, oid: hostile, appid: hostile, scp: hostile, roles: [hostile] }
  const challenge = { error: hostile, description: hostile, authorizationUri: hostile, resource: hostile, claims: false }
  const texts = { route: '/fhir', kind: 'fhir', profile: hostile, method: hostile, template: hostile, summary: hostile, remedy: hostile }
  const evidence = {
    ...{ status: 403, claims, audience: hostile, challenge, body: 'other' as const, issue: hostile, reads: true, replayed: true },
  }
  journal.add({ record: into => void Object.assign(into, emptyRecord(), texts, { id, status: 403, by: 'service', evidence }) })
  const app = Fastify()
  addExplainPage(app, { journal, routes: [], askForChallenge: async () => undefined })
  await app.ready()
  const server = createServer((request, response) => app.routing(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.close().closeAllConnections()
    await app.close()
  })
  const { port } = server.address() as AddressInfo
  const answer = await sendRaw(port, `GET /-/explain/${id} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n`)
  t.equal(answer?.status, 200)
  t.match(answer?.fields.get('content-security-policy'), /^default-src 'none'/)
  t.match(answer?.body, '&#60;img src=x&#62;&#38;&#34;&#39;')
  t.notMatch(answer?.body, '<img')
})
