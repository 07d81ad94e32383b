// How an error of ours is answered: to each reader in its form, always with its code, and under a policy of our own.
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { answerError, answerPage } from '../../src/errors/answer.ts'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { errorPage, pageFields } from '../../src/errors/page.ts'
import { sendRaw } from '../fixtures/raw-http.ts'

const error = new HallpassError('key-required', { file: '/run/key' }, { fields: { 'WWW-Authenticate': 'Hallpass-Key', Vary: 'own' } })

async function answered(t: Test, answer: (response: ServerResponse) => void) {
  const server = createServer((_request, response) => answer(response)).listen(0, '127.0.0.1')
  t.teardown(() => server.close().closeAllConnections())
  await once(server, 'listening')
  const raw = await sendRaw((server.address() as AddressInfo).port, 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  const { date: _date, connection: _connection, 'content-length': length, ...fields } = Object.fromEntries(raw?.fields ?? [])
  return { status: raw?.status, body: raw?.body ?? '', whole: raw?.body.length === Number(length), fields }
}

const ours = {
  'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'hallpass-error': 'key-required',
  'www-authenticate': 'Hallpass-Key',
}

t.test('a program and a FHIR client get their forms under a policy that lets them do nothing', async t => {
  const shared = { 'Access-Control-Allow-Origin': 'http://localhost:3000', Vary: 'shared' }
  const program = await answered(t, response => answerError(response, error, 'program', shared))
  t.strictSame(program.fields, {
    ...ours,
    'content-type': 'application/problem+json',
    'access-control-allow-origin': 'http://localhost:3000',
    vary: 'own',
  })
  t.match(JSON.parse(program.body), { status: 401, code: 'key-required' })
  const fhir = await answered(t, response => answerError(response, error, 'fhir'))
  t.strictSame(fhir.fields, { ...ours, 'content-type': 'application/fhir+json; charset=utf-8', vary: 'own' })
  t.match(JSON.parse(fhir.body), { resourceType: 'OperationOutcome' })
})

t.test('a person gets a page under the policy of our pages, which no other page may read', async t => {
  const shared = { 'Access-Control-Allow-Origin': 'http://localhost:3000' }
  const { status, fields, body } = await answered(t, response => answerError(response, error, 'person', shared))
  const page = Object.entries(pageFields(errorPage(error))).map(([name, value]) => [name.toLowerCase(), value])
  t.strictSame(fields, {
    ...Object.fromEntries(page),
    'hallpass-error': 'key-required',
    'www-authenticate': 'Hallpass-Key',
    vary: 'own',
  })
  t.equal(status, 401)
  t.match(body, /^<!doctype html>/)
})

t.test('after the head is out nobody takes half an answer for a whole one', async t => {
  for (const answer of [
    (response: ServerResponse) => answerError(response, error, 'program'),
    (response: ServerResponse) => answerPage(response, errorPage(error), 200),
  ]) {
    const { status, body, whole } = await answered(t, response => {
      response.writeHead(200, { 'Content-Length': 100 })
      response.write('begun', () => answer(response))
    })
    t.strictSame([status, body, whole], [200, 'begun', false])
    const { body: chunked } = await answered(t, response => {
      response.writeHead(200)
      response.write('begun', () => answer(response))
    })
    t.notMatch(chunked, /0\r\n\r\n$/, 'cut, not ended')
  }
})
