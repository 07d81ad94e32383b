// Steps change what passes, refuse it also in the middle of a body, and each side still feels the other's pace.
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Transform } from 'node:stream'
import t from 'tap'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import type { AnswerStep, RequestStep } from '../../src/proxy/steps.ts'
import { startOrigin, startProxied } from '../fixtures/proxied.ts'

const refusal = () => new HallpassError('target-refused', { rule: 'of the test' })

/** Turns small letters into capitals; fails at an exclamation mark. */
const capitals = () =>
  new Transform({
    transform: (chunk, _encoding, done) => {
      const text = String(chunk)
      if (text.includes('!')) done(refusal())
      else done(null, text.toUpperCase())
    },
  })

const outward: RequestStep = outgoing => void outgoing.through.push(capitals())
const homeward: AnswerStep = answer => void answer.through.push(capitals())

t.test('a request step changes target, fields and body', async t => {
  let seen = ''
  const origin = await startOrigin(t, (request, response) => {
    request.on('data', chunk => {
      seen += chunk
    })
    request.on('end', () => {
      seen = `${request.method} ${request.url} ${request.headers.accept} ${request.headers.authorization} ${seen}`
      response.end()
    })
  })
  const step: RequestStep = outgoing => {
    outgoing.target = '/elsewhere'
    outgoing.fields = ['accept', 'mapped']
    outgoing.through.push(capitals(), capitals())
  }
  const { url } = await startProxied(t, origin, { requestSteps: [step] })
  const answer = await fetch(`${url}/Patient`, { method: 'POST', body: 'small letters' })
  t.equal(answer.status, 200)
  t.equal(seen, 'POST /elsewhere mapped Bearer our.own-token SMALL LETTERS')
})

t.test('with steps too there is one Authorization, ours, whatever the client sends', async t => {
  const seen: string[][] = []
  const origin = await startOrigin(t, ({ rawHeaders }, response) => {
    seen.push(rawHeaders.filter((_, index) => rawHeaders[index - 1]?.toLowerCase() === 'authorization'))
    response.end()
  })
  const { url } = await startProxied(t, origin, { requestSteps: [outward] })
  const headers = { Authorization: 'Bearer theirs', Connection: 'authorization' }
  for (const body of ['', 'small letters']) {
    const upload = httpRequest(`${url}/Patient`, { method: 'POST', headers })
    upload.end(body)
    const [answer] = (await once(upload, 'response')) as [IncomingMessage]
    answer.resume()
    t.equal(answer.statusCode, 200)
  }
  t.strictSame(seen, [['Bearer our.own-token'], ['Bearer our.own-token']])
})

t.test('a request step refuses before anything is sent', async t => {
  let asked = 0
  const origin = await startOrigin(t, (_request, response) => {
    asked++
    response.end()
  })
  const step: RequestStep = () => {
    throw refusal()
  }
  const { url } = await startProxied(t, origin, { requestSteps: [step] })
  const answer = await fetch(`${url}/Patient`, { method: 'POST', body: 'x'.repeat(200_000) })
  t.equal(answer.headers.get('hallpass-error'), 'target-refused')
  t.equal(asked, 0)
})

t.test('a body that is refused in its middle never reaches its end at the origin', async t => {
  let reached: (request: IncomingMessage) => void
  const arriving = new Promise<IncomingMessage>(resolve => {
    reached = resolve
  })
  const origin = await startOrigin(t, request => {
    request.resume()
    reached(request)
  })
  const { url } = await startProxied(t, origin, { requestSteps: [outward] })
  const upload = httpRequest(`${url}/Patient`, { method: 'POST' })
  const answered = once(upload, 'response') as Promise<[IncomingMessage]>
  upload.write('well and good')
  const atOrigin = await arriving
  upload.write('not good!')
  await new Promise(closed => atOrigin.on('error', () => undefined).on('close', closed))
  t.equal(atOrigin.complete, false, 'the origin knows that it has not got all')
  const [answer] = await answered
  t.equal(answer.headers['hallpass-error'], 'target-refused')
  answer.resume()
  upload.end('what the client still sends is thrown away')
  await once(answer, 'end')
})

t.test('an answer step changes fields and body', async t => {
  const origin = await startOrigin(t, (_request, response) => {
    response.setHeader('Content-Length', 13).write('small ')
    setImmediate(() => response.end('letters'))
  })
  const step: AnswerStep = answer => void answer.fields.push('X-Step', String(answer.status))
  const { url } = await startProxied(t, origin, { answerSteps: [step, homeward] })
  const answer = await fetch(`${url}/Patient`)
  t.equal(await answer.text(), 'SMALL LETTERS')
  t.equal(answer.headers.get('x-step'), '200')
  t.equal(answer.headers.get('content-length'), null)
})

t.test('an answer without a body stays without, and keeps the fields that speak of one', async t => {
  const origin = await startOrigin(t, (request, response) => {
    if (request.method === 'HEAD') response.setHeader('Content-Length', 13)
    response.writeHead(request.method === 'HEAD' ? 200 : 304).end()
  })
  const { url } = await startProxied(t, origin, { answerSteps: [homeward] })
  const head = await fetch(`${url}/Patient`, { method: 'HEAD' })
  t.equal(head.headers.get('content-length'), '13')
  t.equal((await fetch(`${url}/Patient`)).status, 304)
})

t.test('a transform that fails before its first byte is answered with its error, later the connection is cut', async t => {
  const origin = await startOrigin(t, (request, response) => {
    if (request.url === '/late') response.write('good')
    setTimeout(() => response.end('bad!'), request.url === '/late' ? 20 : 0)
  })
  const { url } = await startProxied(t, origin, { answerSteps: [homeward] })
  const early = await fetch(`${url}/early`)
  t.equal(early.headers.get('hallpass-error'), 'target-refused')
  const late = await fetch(`${url}/late`)
  t.equal(late.status, 200)
  await t.rejects(late.text(), 'nobody takes half an answer for a whole one')
})

t.test('a watch keeps head and bytes back until it lets them go, and replaces the answer', async t => {
  const origin = await startOrigin(t, (request, response) => {
    response.write('one ')
    setTimeout(() => response.end(request.url === '/bad' ? 'two!' : 'two'), 20)
  })
  const seen: string[] = []
  const step: AnswerStep = answer =>
    void answer.watches.push({
      see: chunk => {
        seen.push(String(chunk))
        if (String(chunk).includes('!')) throw refusal()
        return seen.join('').includes('two')
      },
    })
  const { url } = await startProxied(t, origin, { answerSteps: [step] })
  t.equal(await (await fetch(`${url}/good`)).text(), 'one two')
  seen.length = 0
  const bad = await fetch(`${url}/bad`)
  t.equal(bad.headers.get('hallpass-error'), 'target-refused')
  t.strictSame(seen, ['one ', 'two!'])
})

t.test('a watch that still waits when the body ends is asked a last time', async t => {
  const origin = await startOrigin(t, (_request, response) => response.end('all of it'))
  let ends = 0
  const step: AnswerStep = answer => void answer.watches.push({ see: () => false, end: () => void ends++ })
  const { url } = await startProxied(t, origin, { answerSteps: [step, homeward] })
  t.equal(await (await fetch(`${url}/x`)).text(), 'ALL OF IT')
  t.equal(ends, 1)
})

t.test('an error of ours by an answer step ends the origin’s side', async t => {
  const closed = new Promise<boolean>(resolve => {
    startOrigin(t, (_request, response) => {
      response.on('close', () => resolve(response.writableFinished)).write('first')
    }).then(async origin => {
      const step: AnswerStep = () => {
        throw refusal()
      }
      const { url } = await startProxied(t, origin, { answerSteps: [step] })
      t.equal((await fetch(`${url}/x`)).headers.get('hallpass-error'), 'target-refused')
    }, t.error)
  })
  t.equal(await closed, false)
})

t.test('behind a transform a client that reads nothing stops the origin', async t => {
  let sent = 0
  const origin = await startOrigin(t, (request, response) => {
    if (request.url === '/small') return void response.end('small')
    const block = Buffer.alloc(64 * 1024, 'a')
    const write = () => {
      while (sent < 256 * 1024 * 1024 && response.write(block)) sent += block.length
      response.once('drain', write)
    }
    write()
  })
  const { url } = await startProxied(t, origin, { answerSteps: [homeward] })
  const download = httpRequest(`${url}/large`).end()
  const [answer] = (await once(download, 'response')) as [IncomingMessage]
  await once(answer, 'readable')
  // While 200 others are served, what nobody stops would have sent it all.
  for (let round = 0; round < 200; round++) t.equal(await (await fetch(`${url}/small`)).text(), 'SMALL')
  t.ok(sent < 32 * 1024 * 1024, `${Math.round(sent / 1024)} KB left the origin`)
  download.destroy()
})
