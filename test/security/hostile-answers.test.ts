// Answers that break HTTP in every way: an error of ours or a cut connection, in our own words, and the service's connection is not used again.
import t from 'tap'
import { exchangeRaw } from '../fixtures/raw-http.ts'
import { fieldsOf, readAnswers } from '../fixtures/strict-answer.ts'
import { startStrictOrigin } from '../fixtures/strict-origin.ts'
import { judgeAnswer } from '../fuzz/run.ts'
import { startUnderAttack } from '../harness/under-attack.ts'

const origin = await startStrictOrigin(t)
const attack = await startUnderAttack(t, { '/fhir': origin })
const { port } = attack.daemon
const good = { bytes: Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood'), keep: true }
const marker = 'zqservicezq'

/** `broken` gives our error; `cut` may have begun, and ends early; `first` gives the first answer whole, and what follows is thrown away. */
const answers: [sentence: string, expected: 'broken' | 'cut' | 'first', text: string][] = [
  ['no HTTP at all', 'broken', `${marker}¶¶`],
  ['the answer of another protocol', 'broken', `220 ${marker} ESMTP¶`],
  ['a version that does not exist', 'broken', `HTTP/7.7 200 ${marker}¶Content-Length: 0¶¶`],
  ['HTTP/2 by its version, which the parser takes for HTTP/1.1', 'first', `HTTP/2.0 200 ${marker}¶Content-Length: 0¶¶`],
  ['ICY', 'broken', `ICY 200 ${marker}¶¶`],
  ['a status of two digits', 'broken', `HTTP/1.1 20 ${marker}¶Content-Length: 0¶¶`],
  ['a status of four digits', 'broken', `HTTP/1.1 2000 ${marker}¶Content-Length: 0¶¶`],
  ['a status of letters', 'broken', `HTTP/1.1 abc ${marker}¶Content-Length: 0¶¶`],
  ['a status beyond 599', 'broken', `HTTP/1.1 999 ${marker}¶Content-Length: 0¶¶`],
  ['a space before a colon', 'broken', `HTTP/1.1 200 OK¶X-A : ${marker}¶Content-Length: 0¶¶`],
  ['a line without a colon', 'broken', `HTTP/1.1 200 OK¶${marker}¶Content-Length: 0¶¶`],
  ['a name with a space', 'broken', `HTTP/1.1 200 OK¶X A: ${marker}¶Content-Length: 0¶¶`],
  ['a value with a NUL', 'broken', `HTTP/1.1 200 OK¶X-A: ${marker}\0¶Content-Length: 0¶¶`],
  ['a value with a bare CR', 'broken', `HTTP/1.1 200 OK¶X-A: ${marker}\rX-B: c¶Content-Length: 0¶¶`],
  ['a head of 100,000 fields', 'broken', `HTTP/1.1 200 OK¶${`X-A: ${marker}¶`.repeat(100_000)}¶`],
  ['a field of 1 MB', 'broken', `HTTP/1.1 200 OK¶X-A: ${marker.repeat(100_000)}¶¶`],
  ['a negative length', 'broken', `HTTP/1.1 200 OK¶Content-Length: -1¶¶${marker}`],
  ['two lengths', 'broken', `HTTP/1.1 200 OK¶Content-Length: 1¶Content-Length: 2¶¶${marker}`],
  ['a length of letters', 'broken', `HTTP/1.1 200 OK¶Content-Length: abc¶¶${marker}`],
  ['a length beyond 64 bits', 'broken', `HTTP/1.1 200 OK¶Content-Length: 99999999999999999999¶¶${marker}`],
  ['both framings', 'broken', `HTTP/1.1 200 OK¶Content-Length: 5¶Transfer-Encoding: chunked¶¶0¶¶${marker}`],
  ['an upgrade that nobody asked for', 'broken', `HTTP/1.1 101 Switching Protocols¶Connection: Upgrade¶Upgrade: websocket¶¶${marker}`],
  ['2,000 interim answers', 'broken', `${'HTTP/1.1 103 Early Hints¶Link: </x>¶¶'.repeat(2_000)}HTTP/1.1 200 OK¶Content-Length: 0¶¶`],
  ['2,000 times 100 Continue', 'broken', `${'HTTP/1.1 100 Continue¶¶'.repeat(2_000)}HTTP/1.1 200 OK¶Content-Length: 0¶¶`],
  ['a chunk size of letters', 'cut', `HTTP/1.1 200 OK¶Transfer-Encoding: chunked¶¶5¶hello¶xyz¶${marker}`],
  ['a chunk longer than it says', 'cut', `HTTP/1.1 200 OK¶Transfer-Encoding: chunked¶¶5¶hello${marker}¶0¶¶`],
  ['a chunk size beyond 64 bits', 'cut', `HTTP/1.1 200 OK¶Transfer-Encoding: chunked¶¶fffffffffffffffff¶${marker}¶0¶¶`],
  [
    'a second answer behind the first',
    'first',
    `HTTP/1.1 200 OK¶Content-Length: 5¶¶helloHTTP/1.1 200 OK¶Content-Length: ${marker.length}¶¶${marker}`,
  ],
  ['garbage behind an answer', 'first', `HTTP/1.1 200 OK¶Content-Length: 5¶¶hello${marker}¶¶`],
  ['a body on 204', 'first', `HTTP/1.1 204 No Content¶¶${marker}¶¶`],
  ['a body on 304', 'first', `HTTP/1.1 304 Not Modified¶¶${marker}¶¶`],
]

async function get() {
  const { bytes } = await exchangeRaw(port, `GET /fhir/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`, { silence: 5_000 })
  return { text: bytes.toString('latin1'), ...readAnswers(bytes, ['GET']) }
}

t.test('a connection that carried good answers is used again, so that this suite can fail', async t => {
  origin.answer = () => good
  await get()
  const before = origin.lastConnection
  for (let count = 0; count < 5; count++) t.match((await get()).text, /good$/)
  t.equal(origin.lastConnection, before)
})

for (const [sentence, expected, text] of answers)
  t.test(`${sentence}: our own words, and a fresh connection (requirement 25)`, async t => {
    origin.answer = () => ({ bytes: Buffer.from(text.replaceAll('¶', '\r\n'), 'latin1'), keep: true })
    const { answers, cut, text: got } = await get()
    const [answer] = answers
    for (const one of answers) judgeAnswer(one, origin.tokens, 'any')
    if (expected === 'broken') {
      t.equal(answer?.status, 502)
      t.strictSame(answer && fieldsOf(answer, 'hallpass-error'), ['origin-broken'])
    }
    if (expected === 'cut') t.ok(cut || got === '' || answer?.status === 502, 'the client learns that it did not get all')
    if (expected === 'first') t.ok(answer && answer.status < 400 && !cut)
    t.notMatch(got, marker, 'not a word of the service')
    t.notMatch(got, /Parse Error|HPE_|undici|\bat .*node:/)
    origin.answer = () => good
    const broken = origin.lastConnection
    t.match((await get()).text, /good$/, 'the next request gets its own answer')
    t.not(origin.lastConnection, broken, 'over another connection')
  })

t.test('the daemon is the same process afterwards', async t => {
  t.ok(attack.alive())
  t.strictSame(origin.breaches, [])
})
