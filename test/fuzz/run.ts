// Throws drawn requests at a daemon, and lets its origin give drawn answers; every case is known by its seed and number, and can be drawn again.
import { connect, type Socket } from 'node:net'
import { seeded } from '../fixtures/seeded.ts'
import { fieldsOf, readAnswers, type StrictAnswer } from '../fixtures/strict-answer.ts'
import type { StrictOrigin } from '../fixtures/strict-origin.ts'
import { Breach } from '../fixtures/strict-request.ts'
import { drawAnswer } from './answers.ts'
import { canary, drawRequest } from './grammar.ts'

export type FuzzResult = {
  cases: number
  /** Final answers that the client got. */
  answers: number
  /** What broke a rule, with the number of the case; the first 20. */
  found: { number: number; what: string; bytes: Buffer }[]
  seconds: number
}

export type FuzzTarget = {
  port: number
  origin: StrictOrigin
  alive: () => boolean
  /** Hears of every hundred thousand cases. */
  progress: (line: string) => void
}

/** Milliseconds without a byte after which a request counts as unfinished, and the client ends its side. */
const silence = 400
const workers = 48

/** Case `number` of a seed: the same one each time. */
export const drawnRequest = (seed: number, number: number, host: string) => drawRequest(seeded(Math.imul(seed, 0x9e3779b1) ^ number), host)
export const drawnAnswer = (seed: number, number: number, origin: string, token: string) =>
  drawAnswer(seeded(Math.imul(seed, 0x85ebca6b) ^ number), origin, token)

/** Sends `count` requests. Ends early when the daemon is gone or twenty cases broke a rule. */
export function fuzzRequests(target: FuzzTarget, seed: number, count: number): Promise<FuzzResult> {
  const host = `localhost:${target.port}`
  return run(target, count, number => drawnRequest(seed, number, host))
}

/** Sends `count` good requests to which the origin gives drawn answers. */
export async function fuzzAnswers(target: FuzzTarget, seed: number, count: number): Promise<FuzzResult> {
  const { origin } = target
  const before = origin.answer
  origin.answer = request => {
    const number = Number(/\/case-(\d+)/.exec(request.target)?.[1])
    // The token of this very request: a service that refuses one gets another.
    const token = request.fields.find(([name]) => name === 'authorization')?.[1].slice('Bearer '.length) ?? ''
    return Number.isNaN(number) ? before(request) : drawnAnswer(seed, number, origin.origin, token)
  }
  const result = await run(target, count, number => {
    const method = number % 9 === 0 ? 'HEAD' : number % 7 === 0 ? 'POST' : 'GET'
    const body = method === 'POST' ? 'Content-Length: 2\r\n\r\n{}' : '\r\n'
    const text = `${method} /fhir/case-${number} HTTP/1.1\r\nHost: localhost:${target.port}\r\nAccept: application/fhir+json\r\n${body}`
    return { bytes: Buffer.from(text), method, alone: false, patient: true }
  })
  origin.answer = before
  return result
}

type Case = { bytes: Buffer; method: string; alone: boolean; patient?: boolean }

async function run(target: FuzzTarget, count: number, draw: (number: number) => Case): Promise<FuzzResult> {
  const result: FuzzResult = { cases: 0, answers: 0, found: [], seconds: 0 }
  const started = performance.now()
  let next = 0
  const note = (number: number, what: string, bytes: Buffer) => {
    if (result.found.length < 20) result.found.push({ number, what, bytes })
  }
  const work = async () => {
    let socket: Socket | undefined
    while (next < count && result.found.length < 20 && target.alive()) {
      const number = next++
      const drawn = draw(number)
      const breaches = target.origin.breaches.length
      if (drawn.alone || !socket || socket.destroyed) {
        socket?.resetAndDestroy()
        socket = connect(target.port, '127.0.0.1')
      }
      const { bytes, open } = await exchange(socket, drawn)
      try {
        const { answers } = readAnswers(bytes, [drawn.method])
        for (const answer of answers) judgeAnswer(answer, target.origin.tokens, drawn.patient ? 'service' : 'any')
        result.answers += answers.length
      } catch (error) {
        if (!(error instanceof Breach)) throw error
        note(number, error.message, drawn.bytes)
      }
      if (target.origin.breaches.length > breaches) note(number, `near this case: ${target.origin.breaches.at(-1)}`, drawn.bytes)
      result.cases++
      if (result.cases % 100_000 === 0) target.progress(`${result.cases} cases, ${result.found.length} broke a rule`)
      if (drawn.alone || !open) {
        socket.resetAndDestroy()
        socket = undefined
      }
    }
    socket?.resetAndDestroy()
  }
  await Promise.all(Array.from({ length: workers }, work))
  result.seconds = (performance.now() - started) / 1000
  return result
}

/** Sends a case and takes what comes: a whole answer, the end of the connection, or silence, after which the client ends its side. */
function exchange(socket: Socket, { bytes, method, alone, patient = false }: Case): Promise<{ bytes: Buffer; open: boolean }> {
  return new Promise(resolve => {
    let got: Buffer = Buffer.alloc(0)
    let ended = false
    const done = (open: boolean) => {
      clearTimeout(timer)
      socket.removeAllListeners('data').removeAllListeners('close')
      resolve({ bytes: got, open })
    }
    const quiet = () => {
      if (ended) return done(false)
      ended = true
      socket.end()
      timer = setTimeout(quiet, 1_000)
    }
    let timer = setTimeout(quiet, patient ? 20_000 : silence)
    if (socket.listenerCount('error') === 0) socket.on('error', () => socket.destroy())
    socket.on('data', chunk => {
      got = got.length === 0 ? chunk : Buffer.concat([got, chunk])
      if (isWhole(got, method)) done(!alone && !ended && !/\r\nConnection: close\r\n/i.test(got.toString('latin1')))
    })
    socket.on('close', () => done(false))
    socket.write(bytes)
  })
}

/** A breach in it is for the caller to find, who reads it again. */
function isWhole(bytes: Buffer, method: string): boolean {
  try {
    const { answers, cut } = readAnswers(bytes, [method])
    const [first] = answers
    if (!first || cut) return false
    const endsByItself = method === 'HEAD' || first.status === 204 || first.status === 304
    return endsByItself || first.fields.some(([name]) => name === 'content-length' || name === 'transfer-encoding')
  } catch (error) {
    if (error instanceof Breach) return true
    throw error
  }
}

const withheld = new RegExp(
  `^(?:${[
    'access-control-.*|set-cookie2?|clear-site-data|strict-transport-security|alt-svc|refresh|nel|report-to|reporting-endpoints|origin-trial',
    'set-login|idp-signin-status|accept-ch|critical-ch|permissions-policy|feature-policy|(?:require-)?document-policy.*|integrity-policy.*',
    'document-isolation-policy|origin-agent-cluster|service-worker-allowed|speculation-rules|supports-loading-mode|(?:x-)?sourcemap',
    'timing-allow-origin|use-as-dictionary|available-dictionary|no-vary-search|x-dns-prefetch-control|shared-storage-write',
    'activate-storage-access|attribution-reporting-.*|observe-browsing-topics|sec-.*|secure-session-.*',
    'hallpass-(?!error$|explain$|id$).*|upgrade|keep-alive|trailer',
  ].join('|')})$`,
)

/** Holds an answer to what hallpass promises of all, and of a service's: that no script in it runs. Throws a Breach. */
export function judgeAnswer(answer: StrictAnswer, tokens: ReadonlySet<string>, whose: 'service' | 'any'): void {
  const once = (name: string) => {
    const values = fieldsOf(answer, name)
    if (values.length !== 1) throw new Breach(`${values.length} fields ${name} in an answer ${answer.status}`)
    return values[0] ?? ''
  }
  const policy = once('content-security-policy')
  if (!policy.includes("default-src 'none'") || !policy.includes("frame-ancestors 'none'")) throw new Breach('an answer under no policy')
  if (whose === 'service' && !policy.includes('sandbox')) throw new Breach('an answer that is not sandboxed')
  if (once('x-content-type-options') !== 'nosniff') throw new Breach('an answer without nosniff')
  for (const [name, value] of answer.fields) {
    if (withheld.test(name) && !(name === 'keep-alive' && /^timeout=\d+$/.test(value)))
      throw new Breach(`a field that is withheld (${name})`)
    for (const token of tokens) if (value.includes(token)) throw new Breach(`a token in ${name}`)
  }
  for (const token of tokens) if (answer.body.includes(token)) throw new Breach('a token in a body')
  const ours = fieldsOf(answer, 'hallpass-error').length > 0
  if (whose === 'service' && !ours && once('referrer-policy') !== 'no-referrer') throw new Breach('an answer whose links tell its address')
  if (ours && answer.body.includes(canary)) throw new Breach('an error that repeats what was sent')
  if (/\bat .*(?:node:|\.js:\d+)/.test(ours ? answer.body.toString('latin1') : '')) throw new Breach('a stack trace')
}
