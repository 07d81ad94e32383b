// Nobody is asked more often than they must be: one browser opens until somebody answers, and requests do not wait for a person who is not there.
import t from 'tap'
import { type Composed, startBoth } from '../harness/composed.ts'
import { followOpening, signInByForm } from '../harness/sign-in-form.ts'

const code = (response: Response) => response.headers.get('hallpass-error')
const linkIn = (response: Response) => /sign_in_uri="([^"]+)"/.exec(response.headers.get('www-authenticate') ?? '')?.[1] ?? ''
const poll = ({ daemon }: Composed) => fetch(`${daemon.url}/fhir/Patient?_count=1`)

/** The answer of the sign-in page when somebody presses Cancel. */
async function cancelIn(opened: string): Promise<void> {
  const { redirect_uri: callback = '', state = '' } = Object.fromEntries(new URL(await followOpening(opened)).searchParams)
  await (
    await fetch(callback, { method: 'POST', body: new URLSearchParams({ state, error: 'access_denied', error_subcode: 'cancel' }) })
  ).text()
}

t.test(
  '500 polling requests over a night, nobody at the desk: one browser opening, and quick clear answers after the first wait',
  async t => {
    const both = await startBoth(t, { driveDate: true })
    const first = poll(both)
    await both.opening()
    await both.timer(120_000)
    both.clock.advance(120_000)
    t.equal(code(await first), 'sign-in-wait-over')
    const links = new Set<string>()
    const answers = new Map<string, number>()
    const step = Math.floor((10 * 3_600_000) / 499)
    for (let request = 1; request < 500; request++) {
      both.clock.advance(step)
      const answer = await poll(both)
      const text = await answer.text()
      if (!text.includes(linkIn(answer))) t.fail('the link stands in the answer')
      answers.set(`${answer.status} ${code(answer)}`, (answers.get(`${answer.status} ${code(answer)}`) ?? 0) + 1)
      links.add(linkIn(answer))
    }
    t.strictSame([...answers], [['401 sign-in-required', 499]], 'none of them needed a timer: nobody waited')
    t.equal(both.opened.length, 1)
    const begun = both.exchanges.filter(({ target }) => target.includes('/authorize')).length
    t.ok(begun <= 62, `${begun} questions to the authorization endpoint in ten hours`)
    t.ok(links.size <= 62)
    t.match(await signInByForm([...links].at(-1) ?? ''), { status: 200 }, 'in the morning the last link works')
    t.equal((await poll(both)).status, 200)
  },
)

t.test('whoever opened the link, or ran `hallpass login`, is asked again by an opening browser when that ends too', async t => {
  const both = await startBoth(t, { flags: { 'sign-in-wait-seconds': '20', 'sign-in-limit-seconds': '60' } })
  const unanswered = async () => {
    const waiting = poll(both)
    await both.timer(20_000)
    both.clock.advance(60_000)
    t.equal(code(await waiting), 'sign-in-wait-over')
    return poll(both)
  }
  const first = await unanswered()
  t.equal(code(first), 'sign-in-required')
  t.equal(both.opened.length, 1)
  await (await fetch(linkIn(first), { redirect: 'manual' })).arrayBuffer()
  const second = poll(both)
  await both.timer(20_000)
  t.equal(both.opened.length, 2, 'somebody looked at the link')
  both.clock.advance(60_000)
  t.equal(code(await second), 'sign-in-wait-over')
  t.equal(code(await poll(both)), 'sign-in-required')
  t.equal(both.opened.length, 2)
  await both.control.login({ profile: 'dev', open: true })
  t.equal(both.opened.length, 3, '`hallpass login` opens one whenever it is run')
  const third = poll(both)
  await signInByForm(await both.opening(3))
  t.equal((await third).status, 200)
})

t.test('whoever presses Cancel is asked once more; the second time it means no, until they start it themselves', async t => {
  const both = await startBoth(t)
  for (const nth of [1, 2]) {
    const waiting = poll(both)
    await cancelIn(await both.opening(nth))
    t.equal(code(await waiting), 'sign-in-cancelled')
  }
  const third = await poll(both)
  t.equal(code(third), 'sign-in-required')
  t.equal(both.opened.length, 2)
  await signInByForm(linkIn(third))
  t.equal((await poll(both)).status, 200)
})

/** What a program can do with a sign-in over HTTP, to have it asked for again. */
const tricks: Readonly<Record<string, (both: Composed, link: string) => Promise<void>>> = {
  'cancels it': async (_both, link) => void (await (await fetch(`${link}/cancel`, { method: 'POST' })).text()),
  'follows the link and declines in its place': async (_both, link) => {
    const { redirect_uri: callback = '', state = '' } = Object.fromEntries(new URL(await followOpening(link)).searchParams)
    await (await fetch(callback, { method: 'POST', body: new URLSearchParams({ state, error: 'access_denied' }) })).text()
  },
  'follows the link and lets it lapse': async ({ clock }, link) => {
    await (await fetch(link, { redirect: 'manual' })).text()
    clock.advance(600_000)
  },
  'presses the button of the page and lets it lapse': async ({ daemon, clock }) => {
    const body = new URLSearchParams({ profile: 'dev' })
    await (await fetch(`${daemon.url}/-/sign-in`, { method: 'POST', body, redirect: 'manual' })).text()
    clock.advance(600_000)
  },
}

for (const [trick, play] of Object.entries(tricks))
  t.test(`a program that ${trick}, again and again, has no browser opened but the first few`, async t => {
    const both = await startBoth(t)
    const openings: number[] = []
    for (let round = 0; round < 6; round++) {
      const gone = new AbortController()
      const waiting = fetch(`${both.daemon.url}/fhir/Patient`, { signal: gone.signal }).then(code, () => undefined)
      await Promise.race([both.opening(both.opened.length + 1), waiting])
      const answer = await fetch(`${both.daemon.url}/fhir/Patient`, { headers: { 'Hallpass-Interactive': 'never' } })
      await play(both, linkIn(answer))
      gone.abort()
      await waiting
      openings.push(both.opened.length)
    }
    t.ok((openings.at(-1) ?? 0) <= 3, `${openings} openings`)
    t.equal(openings.at(-1), openings.at(-4), 'and then none')
    const last = await fetch(`${both.daemon.url}/fhir/Patient`)
    t.match(await signInByForm(linkIn(last)), { status: 200 }, 'a person’s link still works')
    t.equal((await poll(both)).status, 200)
  })

t.test('no browser opens for callers that say `Hallpass-Interactive: never`, nor with HALLPASS_NO_USER', async t => {
  const never = await startBoth(t)
  for (let round = 0; round < 20; round++)
    t.equal(code(await fetch(`${never.daemon.url}/fhir/Patient`, { headers: { 'Hallpass-Interactive': 'never' } })), 'sign-in-required')
  t.strictSame(never.opened, [])
  const nobody = await startBoth(t, { env: { HALLPASS_NO_USER: '1' } })
  t.equal(code(await poll(nobody)), 'sign-in-required')
  t.strictSame(nobody.opened, [])
})

t.test('a sign-in can be cancelled from outside, and started again', async t => {
  const both = await startBoth(t)
  const waiting = poll(both)
  await both.opening()
  t.match(await both.control.cancelLogin({}), { profile: 'dev', cancelled: true, waiting: 1 })
  t.equal(code(await waiting), 'sign-in-cancelled')
  t.match(await both.control.cancelLogin({}), { cancelled: false, waiting: 0 })
  const again = poll(both)
  const opened = await followOpening(await both.opening(2))
  const page = await (await fetch(`${both.daemon.url}/-/sign-in`)).text()
  const [, action = ''] = /action="([^"]+\/cancel)"/.exec(page) ?? []
  const cancelled = await fetch(`${both.daemon.url}${action}`, { method: 'POST', body: new URLSearchParams() })
  t.match(await cancelled.text(), /The sign-in was cancelled/)
  t.equal(code(await again), 'sign-in-cancelled')
  t.match(await signInByForm(opened), { html: /The sign-in was cancelled/ }, 'whoever goes on in the old tab is told')
  const third = poll(both)
  await signInByForm(await both.opening(3))
  t.equal((await third).status, 200)
})

t.test('`hallpass login` that is left ends the sign-in it began, but none that requests wait for', async t => {
  const both = await startBoth(t)
  t.match(await both.control.login({ open: false }), { began: true, device: null })
  t.match(await both.control.cancelLogin({ unlessWaitedFor: true }), { cancelled: true })
  t.match(await both.control.login({ open: false }), { began: true })
  const waiting = poll(both)
  await both.opening()
  t.match(await both.control.login({ open: false }), { began: false })
  t.match(await both.control.cancelLogin({ unlessWaitedFor: true }), { cancelled: false, waiting: 1 })
  await signInByForm(both.opened[0] ?? '')
  t.equal((await waiting).status, 200)
})
