// Drawn requests and drawn answers by the thousand: nothing malformed reaches the origin, nothing withheld reaches the client, one process throughout.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { exchangeRaw } from '../fixtures/raw-http.ts'
import { readAnswers } from '../fixtures/strict-answer.ts'
import { startStrictOrigin } from '../fixtures/strict-origin.ts'
import { type FuzzResult, fuzzAnswers, fuzzRequests, judgeAnswer } from '../fuzz/run.ts'
import { record } from '../harness/figures.ts'
import { residentOf } from '../harness/resident.ts'
import { startUnderAttack } from '../harness/under-attack.ts'

const full = process.env.HALLPASS_TEST_FULL !== undefined
const numberOf = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise)
const seed = numberOf('HALLPASS_FUZZ_SEED', full ? Date.now() % 1_000_000 : 7)
const requests = numberOf('HALLPASS_FUZZ_REQUESTS', full ? 1_000_000 : 8_000)
const answers = numberOf('HALLPASS_FUZZ_ANSWERS', full ? 100_000 : 1_500)
const folder = 'test/security/cases'

const origin = await startStrictOrigin(t, '/base')
const other = await startStrictOrigin(t, '/elsewhere')
const attack = await startUnderAttack(t, { '/fhir': origin, '/other': other })
const { port, pid } = attack.daemon
const target = { port, origin, alive: attack.alive, progress: (line: string) => t.comment(line) }

const fill = (text: string) =>
  text.replaceAll('{host}', `localhost:${port}`).replaceAll('{token}', attack.token).replaceAll('{origin}', origin.origin)

const told = ({ number, what }: FuzzResult['found'][number]) => `case ${number} of seed ${seed}: ${what}`

t.comment(`seed ${seed}: HALLPASS_FUZZ_SEED=${seed} runs it again`)

t.test('every input that was ever found keeps the rules', async t => {
  const files = readdirSync(folder).filter(file => file.endsWith('.json'))
  t.ok(files.length > 0)
  for (const file of files) {
    const found = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as { what: string; request: string; answer?: string }
    const usual = origin.answer
    const answer = found.answer
    if (answer !== undefined) origin.answer = () => ({ bytes: Buffer.from(fill(answer), 'latin1'), keep: false })
    const { bytes } = await exchangeRaw(port, fill(found.request), { silence: 300 })
    origin.answer = usual
    for (const answer of readAnswers(bytes, [found.request.split(' ', 1)[0] ?? '']).answers) judgeAnswer(answer, origin.tokens, 'any')
    t.strictSame(origin.breaches, [], `${file}: ${found.what}`)
  }
})

t.test(
  `${requests} drawn requests: 0 breaches at the origin, 0 in our answers (requirements 9, 10, 11, 18, 33)`,
  { timeout: 7_200_000 },
  async t => {
    const before = residentOf(pid).now
    const result = await fuzzRequests(target, seed, requests)
    keep(result, 'request')
    t.strictSame(result.found.map(told), [])
    t.strictSame(origin.breaches, [])
    t.equal(result.cases, requests)
    t.ok(origin.requests > requests / 20, `${origin.requests} of them reached the origin`)
    t.ok(result.answers > requests / 3, `${result.answers} were answered`)
    const grown = Math.round((residentOf(pid).now - before) / 1024 / 1024)
    t.comment(`${Math.round(result.cases / result.seconds)} requests a second; resident memory grew by ${grown} MB`)
    record('fuzzed requests', result.cases, `${result.found.length} breaches, same process`)
  },
)

t.test(
  `${answers} drawn answers of the origin: nothing that is withheld gets through (requirements 13, 14, 25, 26, 33)`,
  { timeout: 3_600_000 },
  async t => {
    const result = await fuzzAnswers(target, seed, answers)
    keep(result, 'answer')
    t.strictSame(result.found.map(told), [])
    t.equal(result.cases, answers)
    t.ok(result.answers > answers / 3)
    t.comment(`${Math.round(result.cases / result.seconds)} answers a second`)
    record('fuzzed answers of a service', result.cases, `${result.found.length} breaches, same process`)
  },
)

t.test('afterwards the same process serves (requirement 18)', async t => {
  t.ok(attack.alive())
  t.equal((await fetch(`${attack.daemon.url}/fhir/Patient`)).status, 204)
  t.notMatch(attack.daemon.stderr(), /\bat .*node:|UnhandledPromise/)
})

/** What was found becomes a case that runs from now on. */
function keep({ found }: FuzzResult, kind: 'request' | 'answer'): void {
  for (const { number, what, bytes } of found) {
    const text = bytes.toString('latin1').replaceAll(`localhost:${port}`, '{host}').replaceAll(attack.token, '{token}')
    writeFileSync(`${folder}/${kind}-${seed}-${number}.json`, `${JSON.stringify({ what, request: text }, null, 2)}\n`)
  }
}
