// Malformed and ambiguous requests by hand, with our own Host and with a foreign one, against an origin with a strict parser of its own.
import t from 'tap'
import { exchangeRaw } from '../fixtures/raw-http.ts'
import { fieldsOf, readAnswers } from '../fixtures/strict-answer.ts'
import { startStrictOrigin } from '../fixtures/strict-origin.ts'
import { startUnderAttack } from '../harness/under-attack.ts'
import { fields } from './vectors/fields.ts'
import { framing } from './vectors/framing.ts'
import { type Expected, type Vector, written } from './vectors/notation.ts'
import { paths } from './vectors/paths.ts'
import { requestLines } from './vectors/request-lines.ts'

const vectors: Vector[] = [...requestLines, ...fields, ...framing, ...paths]

const origin = await startStrictOrigin(t, '/base')
const other = await startStrictOrigin(t, '/elsewhere')
const attack = await startUnderAttack(t, { '/fhir': origin, '/other': other })
const { port, pid } = attack.daemon

t.test(`${vectors.length} requests with our own Host: what reaches the origin is well-formed (requirements 8, 9, 10, 11, 18)`, async t => {
  t.ok(vectors.length >= 200)
  for (const [sentence, expected, text] of vectors) {
    const { forwarded, answers } = await send(text, `localhost:${port}`, expected)
    if (expected === 'refused' || expected === 'unfinished') t.equal(forwarded, 0, `${sentence}: ${answers}`)
    if (expected === 'forwarded') t.equal(forwarded, 1, `${sentence}: ${answers}`)
    t.ok(expected !== 'either' || forwarded <= 1, sentence)
  }
})

t.test('the same with a foreign Host: not one is forwarded (requirements 2, 18)', async t => {
  for (const host of ['evil.example', `rebind.test:${port}`])
    for (const [sentence, expected, text] of vectors) {
      const { forwarded, answers } = await send(text, host, expected)
      t.equal(forwarded, 0, `${sentence}: ${answers}`)
    }
})

t.test('nothing was wrong with what arrived, and the daemon is the same process', async t => {
  t.strictSame(origin.breaches, [])
  t.strictSame([...origin.tokens], [attack.token], 'no other token ever came')
  t.equal(other.requests, 0, 'the other route’s origin was never asked')
  t.ok(attack.alive())
  t.equal(attack.daemon.pid, pid)
  t.equal((await fetch(`${attack.daemon.url}/fhir/Patient/1`)).status, 204)
})

/** Requests that arrived for this one, and the statuses of the answers, each of which is held to the rules for answers. */
async function send(text: string, host: string, expected: Expected): Promise<{ forwarded: number; answers: string }> {
  const before = origin.requests
  const { bytes } = await exchangeRaw(port, written(text, host), {
    unfinished: expected === 'unfinished',
    silence: expected === 'either' ? 150 : 1_000,
    enough: isWhole,
  })
  // What is still on its way arrives before a whole round trip on a new connection does, whose owner is looked up after that one's.
  await fetch(`${attack.daemon.url}/fhir/fence`, { headers: { Connection: 'close' } })
  const { answers } = readAnswers(bytes, [text.split(' ', 1)[0] ?? ''])
  for (const answer of answers) {
    const code = fieldsOf(answer, 'hallpass-error')
    if (answer.status >= 400 && code.length !== 1) throw new Error(`an answer that is not ours: ${answer.status}`)
    if (!fieldsOf(answer, 'content-security-policy').join().includes('sandbox'))
      throw new Error(`an answer without a sandbox: ${answer.status}`)
    if (/evil|forged/.test(answer.body.toString())) throw new Error(`an answer that repeats what was sent: ${answer.body}`)
  }
  return {
    forwarded: origin.requests - before - 1,
    answers: answers.map(({ status, fields }) => `${status} ${fields.find(([name]) => name === 'hallpass-error')?.[1] ?? ''}`).join(),
  }
}

function isWhole(bytes: Buffer): boolean {
  const { answers, cut } = readAnswers(bytes, [])
  return answers.length > 0 && !cut
}
