// The live token in an answer: withheld wherever it is cut, and nothing else is touched.
import t from 'tap'
import { refuseTokenEcho } from '../../src/proxy/token-echo.ts'
import { bearer, startProxied } from '../fixtures/proxied.ts'
import { exchangeRaw, sendRaw } from '../fixtures/raw-http.ts'
import { seeded } from '../fixtures/seeded.ts'
import { readAnswers } from '../fixtures/strict-answer.ts'
import { startStrictOrigin } from '../fixtures/strict-origin.ts'

const token = bearer.reveal()
const origin = await startStrictOrigin(t)
origin.expectToken(token)
const { port, parts } = await startProxied(t, origin.origin, { answerSteps: [refuseTokenEcho] })
const head = 'HTTP/1.1 200 OK\r\n'

/** Answers with these bytes; each part of a body is a chunk of its own, which reaches us as such. */
function answerWith(fields: string, ...parts: string[]): void {
  const chunks = parts.filter(Boolean).map(part => `${part.length.toString(16)}\r\n${part}\r\n`)
  const bytes = Buffer.from(`${head}Transfer-Encoding: chunked\r\n${fields}\r\n${chunks.join('')}0\r\n\r\n`, 'latin1')
  origin.answer = () => ({ bytes, keep: true })
}

/** What the client gets, with the code of our error. */
async function get(method = 'GET') {
  const request = `${method} /fhir/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`
  const { bytes } = await exchangeRaw(port, request)
  const { answers, cut } = readAnswers(bytes, [method])
  const code = answers[0]?.fields.find(([name]) => name === 'hallpass-error')?.[1]
  return { text: bytes.toString('latin1'), status: answers[0]?.status, body: answers[0]?.body.toString('latin1'), code, cut }
}

t.test('in a field: 502, whatever the field (requirement 26)', async t => {
  for (const field of [
    `X-Echo: ${token}`,
    `WWW-Authenticate: Bearer error="${token}"`,
    `Location: /?t=${token}`,
    `ETag: "${token}${token}"`,
  ]) {
    answerWith(`${field}\r\n`, 'harmless')
    for (const method of ['GET', 'HEAD']) {
      const { status, code, text } = await get(method)
      t.equal(status, 502)
      t.equal(code, 'token-echo', field)
      t.notMatch(text, token)
    }
  }
  answerWith(`Set-Cookie: t=${token}\r\n`, 'harmless')
  const { status, text } = await get()
  t.equal(status, 200, 'a field that the client does not get is no echo')
  t.notMatch(text, token)
})

t.test('an echo in the challenge of a refusal is not kept for its explanation either', async t => {
  const challenge = `WWW-Authenticate: Bearer error="invalid_token", error_description="no: ${token}"`
  origin.answer = () => ({ bytes: Buffer.from(`HTTP/1.1 403 Forbidden\r\n${challenge}\r\nContent-Length: 0\r\n\r\n`), keep: true })
  t.match(await get(), { status: 502, code: 'token-echo' })
  t.match(parts.journal.records().at(-1), { status: 502, by: 'hallpass', error: 'token-echo' })
  t.notMatch(JSON.stringify(parts.journal.records()), token)
})

t.test('in the body, split at any byte: 502, and not a byte of the token goes out (requirement 26)', async t => {
  for (let at = 0; at <= token.length; at++) {
    answerWith('', `{"echo":"Bearer ${token.slice(0, at)}`, `${token.slice(at)}"}`)
    const { code, text } = await get()
    t.equal(code, at === 0 ? undefined : 'token-echo', `split after ${at}`)
    t.notMatch(text, token.slice(0, 4))
  }
  answerWith('', ...token)
  t.equal((await get()).code, 'token-echo', 'in single bytes')
  for (const before of [token.slice(0, 9), token.slice(0, -1)]) {
    answerWith('', `${before} ${before}${token}`)
    t.equal((await get()).code, 'token-echo', 'behind what only begins like it')
  }
})

t.test('when bytes are out already the connection is cut, before the first byte of the token (requirement 26)', async t => {
  for (const [before, at] of [
    ['harmless so far', 0],
    ['harmless so far', 1],
    ['harmless so far', token.length - 1],
    ['harmless so far', token.length],
    ['x'.repeat(65_535), 0],
    ['x'.repeat(65_535), 1],
  ] as const) {
    answerWith('', before, token.slice(0, at), `${token.slice(at)}"}`)
    const { cut, text, code } = await get()
    t.equal(code, undefined)
    t.ok(cut || text === '', `split after ${at}`)
    t.notMatch(text, token.slice(0, 4))
  }
})

t.test('what only begins like the token passes byte for byte, however it is cut', async t => {
  const random = seeded(26)
  const pieces = [
    token.slice(0, 1),
    token.slice(0, 5),
    token.slice(0, -1),
    `${token.slice(0, 5)}${token.slice(0, -1)}`,
    'plain',
    token.slice(1),
  ]
  for (let round = 0; round < 200; round++) {
    const parts = Array.from({ length: 1 + random.integer(8) }, () => random.pick(pieces))
    if (parts.join('').includes(token)) continue
    answerWith('', ...parts)
    const { body, cut, status } = await get()
    t.equal(body, parts.join(''), `round ${round}`)
    t.equal(cut, false)
    t.equal(status, 200)
  }
})

t.test('beyond the first 64 KiB nothing is looked for, and an answer without a body is not waited for', async t => {
  answerWith('', 'x'.repeat(70_000), `${token.slice(0, 4)}`, token.slice(4))
  t.match(await get(), { status: 200, cut: false, body: token })
  origin.answer = () => ({ bytes: Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'), keep: true })
  t.equal((await sendRaw(port, 'GET /fhir/x HTTP/1.1\r\nHost: localhost\r\n\r\n'))?.status, 204)
})
