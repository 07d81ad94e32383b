// Everything under `/-/` that a browser can open: each answer under a policy of ours, and none repeats what was sent.
import t from 'tap'
import { sendRaw } from '../fixtures/raw-http.ts'
import { startBoth } from '../harness/composed.ts'

const canary = 'xss-canary'

t.test('every answer under /-/ is a page of ours, or does nothing in a browser', async t => {
  const { daemon, control, sandbox } = await startBoth(t)
  const { link } = await control.login({ profile: 'dev', open: false })
  const ask = async (line: string, ...fields: string[]) =>
    sendRaw(daemon.port, `${[`${line} HTTP/1.1`, `Host: localhost:${daemon.port}`, 'Connection: close', ...fields].join('\r\n')}\r\n\r\n`)
  const html = 'Accept: text/html'
  const answered = new Map<string, { status: number; code: string | undefined }>()
  for (const [line, ...fields] of [
    ['GET /', html],
    ['GET /-/sign-in', html],
    ['GET /-/sign-in/', html],
    [`GET /-/sign-in/${canary}`, html],
    [`GET /-/${canary}`, html],
    [`GET /-/${canary}`],
    [`GET /-/%${canary}`, html],
    [`GET /-/explain/${canary}!`, html],
    [`GET /-/explain/${'x'.repeat(41)}`, html],
    [`POST /-/${canary}`, 'Content-Length: 0'],
    [`DELETE /-/sign-in/${canary}`],
  ] as [string, ...string[]][]) {
    const answer = await ask(line, ...fields)
    const what = `${line} ${fields}`
    answered.set(line, { status: answer?.status ?? 0, code: answer?.fields.get('hallpass-error') })
    t.match(
      Object.fromEntries(answer?.fields ?? []),
      {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy':
          /^default-src 'none'; style-src 'sha256-\S+'; form-action 'self' \S*; base-uri 'none'; frame-ancestors 'none'$/,
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
        'referrer-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      },
      what,
    )
    t.notMatch(answer?.body, new RegExp(`${canary}|x{41}|FST_`), what)
  }
  t.strictSame(answered.get(`GET /-/%${canary}`), { status: 400, code: 'target-refused' })
  t.strictSame(answered.get(`GET /-/explain/${canary}!`), { status: 404, code: 'no-such-exchange' })
  t.strictSame(answered.get(`GET /-/sign-in/${canary}`), { status: 404, code: undefined })
  const form = await ask('GET /-/sign-in', html)
  const [, origins] = /form-action 'self' (\S*);/.exec(form?.fields.get('content-security-policy') ?? '') ?? []
  t.equal(origins, sandbox.identity.url, 'a form leads to the authorization server of the profile, and no further')

  const refused = await ask('GET /fhir/Patient/1', 'Hallpass-Interactive: never')
  const { exchanges } = await control.journal()
  t.equal(refused?.status, 401)
  for (const path of ['/-/health/live', '/-/health/ready', `/-/explain/${exchanges[0]?.id}`]) {
    const answer = await ask(`GET ${path}`)
    t.equal(answer?.status, 200, path)
    t.match(
      Object.fromEntries(answer?.fields ?? []),
      {
        'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      },
      path,
    )
  }
  const goingOn = await ask(`GET ${new URL(link ?? '').pathname}`, html)
  t.equal(goingOn?.status, 303)
  t.equal(new URL(goingOn?.fields.get('location') ?? '').origin, sandbox.identity.url)
})

t.test('a form names one of the profiles, in a body of a form’s size, or begins nothing and is not repeated', async t => {
  const { daemon, control, opened, exchanges } = await startBoth(t)
  const post = async (body: string) => {
    const answer = await fetch(`${daemon.url}/-/sign-in`, { method: 'POST', body: Buffer.from(body), redirect: 'manual' })
    t.notMatch(await answer.text(), canary)
    return answer.headers.get('hallpass-error')
  }
  t.equal(await post(`profile=${canary}`), 'no-such-profile')
  t.equal(await post(`profile=__proto__`), 'no-such-profile')
  t.equal(await post(`profile=dev&x=${'x'.repeat(16 * 1024)}`), 'request-malformed')
  t.equal((await control.status()).profiles[0]?.signInLink, null)
  t.strictSame([opened, exchanges], [[], []])
  t.equal((await fetch(`${daemon.url}/-/sign-in`, { method: 'POST', body: 'profile=dev', redirect: 'manual' })).status, 303)
  t.match((await control.status()).profiles[0]?.signInLink, /\/-\/sign-in\//)
})

t.test('a sign-in is cancelled by its own page only, and only while it waits', async t => {
  const { daemon, control } = await startBoth(t)
  const { link } = await control.login({ profile: 'dev', open: false })
  const cancel = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${daemon.url}${path}/cancel`, { method: 'POST', headers, redirect: 'manual' })
  const own = new URL(link ?? '').pathname
  const waits = async () => (await control.status()).profiles[0]?.signInLink !== null
  t.equal((await cancel(own, { Origin: 'https://evil.example' })).status, 403)
  t.equal((await fetch(`${daemon.url}${own}/cancel`, { redirect: 'manual' })).status, 404, 'nothing changes by GET')
  t.equal((await cancel('/-/sign-in/guessed')).status, 303)
  t.ok(await waits())
  t.equal((await cancel(own, { Origin: daemon.url })).headers.get('location'), own)
  t.notOk(await waits())
  t.notMatch(await (await fetch(`${daemon.url}${own}`)).text(), 'You are signed in')
  await control.login({ profile: 'dev', open: false })
  t.equal((await cancel(own, { Origin: daemon.url })).status, 303)
  t.ok(await waits(), 'the page of one that has ended ends no other')
})
