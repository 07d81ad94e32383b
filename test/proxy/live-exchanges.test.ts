// A sign-out ends the exchanges of its profile that are under way, and no others.
import type { ServerResponse } from 'node:http'
import t from 'tap'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { startOrigin, startProxied } from '../fixtures/proxied.ts'

t.test('what another profile signs out of goes on; what is over is not ended again', async t => {
  let take: (response: ServerResponse) => void = () => undefined
  const origin = await startOrigin(t, (_request, response) => take(response))
  const { url, parts } = await startProxied(t, origin)
  const signOut = (profile: string) => parts.live.end(profile, new HallpassError('signed-out', { profile }))
  const underWay = async () => {
    const arrived = new Promise<ServerResponse>(resolve => {
      take = resolve
    })
    const answer = fetch(`${url}/Patient`)
    return { answer, atOrigin: await arrived }
  }
  const first = await underWay()
  signOut('other')
  first.atOrigin.end('good')
  t.equal(await (await first.answer).text(), 'good')
  const second = await underWay()
  signOut('dev')
  t.equal((await second.answer).headers.get('hallpass-error'), 'signed-out')
  signOut('dev')
  t.match(parts.journal.records(), [
    { status: 200, by: 'service', error: '' },
    { by: 'hallpass', error: 'signed-out' },
  ])
  t.equal(parts.journal.counts().exchanges, 2)
})

t.test('whichever of five are over before, in whichever order, a sign-out ends exactly the others', async t => {
  const arrivals: ((response: ServerResponse) => void)[] = []
  const origin = await startOrigin(t, (_request, response) => arrivals.shift()?.(response))
  const { url, parts } = await startProxied(t, origin)
  for (const over of [[0], [4], [2, 4], [0, 1, 2], [3, 0, 2], [4, 3, 2, 1], [1, 3]]) {
    const underWay: { answer: Promise<Response>; atOrigin: ServerResponse }[] = []
    for (let count = 1; count <= 5; count++) {
      const arrived = new Promise<ServerResponse>(resolve => arrivals.push(resolve))
      underWay.push({ answer: fetch(`${url}/Patient`), atOrigin: await arrived })
    }
    for (const index of over) {
      underWay[index]?.atOrigin.end('good')
      t.equal(await (await underWay[index]?.answer)?.text(), 'good')
    }
    parts.live.end('dev', new HallpassError('signed-out', { profile: 'dev' }))
    for (const [index, { answer }] of underWay.entries())
      if (!over.includes(index)) t.equal((await answer).headers.get('hallpass-error'), 'signed-out', `${over}: ${index}`)
  }
})
