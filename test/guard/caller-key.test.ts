// Key mode: without the key of this run nothing is forwarded, and it opens what it is for.
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { callerKey, needsKey } from '../../src/guard/caller-key.ts'
import { countOtherPeople } from '../../src/guard/other-people.ts'
import { remainingRisks } from '../../src/guard/remaining-risks.ts'
import { comparisonsIn } from '../fixtures/builtins.ts'
import { startBoth } from '../harness/composed.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

async function locked(t: Test, flags: Record<string, string> = {}) {
  const both = await startBoth(t, { flags: { 'access-key': 'required', ...flags } })
  const { file } = both.daemon.access.key
  const key = () =>
    readFileSync(file ?? '', 'utf8')
      .trim()
      .slice('Hallpass-Key: '.length)
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${both.daemon.url}${path}`, { method, headers: { 'Hallpass-Interactive': 'never', ...headers }, redirect: 'manual' })
  return { ...both, key, ask }
}

t.test('a request without the key, or with another, is refused before anything happens', async t => {
  const { ask, key, exchanges, opened, daemon } = await locked(t)
  const wrong = ['', 'x', key().toLowerCase(), `${key()}x`, key().slice(1), ` ${key().slice(0, -1)}`]
  for (const sent of [undefined, ...wrong])
    for (const path of ['/fhir/Patient', '/dicom/studies', '/nowhere', '/', '/-/sign-in', `/fhir/Patient?hallpass-key=${key()}`]) {
      const answer = await ask(path, sent === undefined ? {} : { 'Hallpass-Key': sent })
      t.equal(answer.status, 401, `${path} with ${sent === undefined ? 'none' : 'another'}`)
      t.equal(answer.headers.get('hallpass-error'), 'key-required')
      t.equal(answer.headers.get('www-authenticate'), 'Hallpass-Key realm="hallpass"')
      const text = await answer.text()
      t.match(text, `curl -H @${daemon.access.key.file}`)
      t.notMatch(text, key())
    }
  t.equal(
    (await ask('/fhir/Patient', { 'Hallpass-Key': key() })).headers.get('hallpass-error'),
    'sign-in-required',
    'the right one gets further',
  )
  t.equal((await ask('/-/sign-in', {}, 'POST')).status, 401, 'nobody without it starts a sign-in')
  t.strictSame([exchanges.filter(({ service }) => service !== 'identity'), opened], [[], []])
})

t.test('with the key all works, the service never sees it, and signing out makes it void', async t => {
  const both = await locked(t)
  const first = both.key()
  const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`, { headers: { 'Hallpass-Key': first } })
  t.equal((await signInByForm(await both.opening())).status, 200, 'links, redirects and their pages need none')
  t.equal((await waiting).status, 200)
  const seen = both.exchanges.filter(({ service }) => service === 'fhir')
  t.equal(seen.length, 1)
  t.notMatch(JSON.stringify(both.exchanges), first)
  t.notMatch(JSON.stringify(seen), /hallpass-key/i)
  t.equal((await both.ask('/-/health/live')).status, 200)
  const api = readFileSync((both.daemon.access.key.file ?? '').replace('/key-', '/api-key-'), 'utf8')
    .trim()
    .slice('Hallpass-Key: '.length)
  t.equal((await both.ask('/fhir/Patient', { 'Hallpass-Key': api })).status, 401, 'the key of the control API opens no service')
  t.equal((await both.ask('/-/api/status', { 'Hallpass-Key': first })).status, 401, 'nor does this one open the control API')
  const out = await fetch(`${both.daemon.url}/-/api/logout`, {
    method: 'POST',
    headers: { 'Hallpass-Key': api, 'Content-Type': 'application/json' },
    body: '{}',
  })
  t.equal(out.status, 200)
  t.not(both.key(), first)
  t.equal((await both.ask('/fhir/Patient', { 'Hallpass-Key': first })).headers.get('hallpass-error'), 'key-required')
  t.equal((await both.ask('/fhir/Patient', { 'Hallpass-Key': both.key() })).headers.get('hallpass-error'), 'sign-in-required')
})

t.test('a sign-in link that nobody was given tells nothing of who signs in, and leads to no sign-in', async t => {
  const { ask, key, control, daemon, opening } = await locked(t)
  const { link } = await control.login({ profile: 'dev', open: false, choose: false })
  const own = new URL(link ?? '').pathname
  for (const path of ['/-/sign-in/', '/-/sign-in/guessed']) {
    const text = await (await ask(path)).text()
    t.match(text, 'This sign-in link is over', path)
    t.notMatch(text, own, path)
    t.notMatch(text, /\bdev\b/, path)
  }
  t.equal((await ask(own)).status, 303, 'the link itself needs no key')
  const waiting = fetch(`${daemon.url}/fhir/Patient?_count=1`, { headers: { 'Hallpass-Key': key() } })
  await signInByForm(await opening())
  t.equal((await waiting).status, 200)
  const { profiles } = await control.status()
  t.notMatch(await (await ask('/-/sign-in/guessed')).text(), profiles[0]?.username ?? 'nobody is signed in')
})

t.test('a page of an allowed origin may send the key; its preflight needs none', async t => {
  const origin = 'http://localhost:3000'
  const { ask, key } = await locked(t, { 'access-allowed-origins': origin })
  const preflight = await ask(
    '/fhir/Patient',
    { Origin: origin, 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'hallpass-key' },
    'OPTIONS',
  )
  t.equal(preflight.status, 204)
  t.equal(preflight.headers.get('access-control-allow-headers'), 'hallpass-key')
  const refused = await ask('/fhir/Patient', { Origin: origin })
  t.strictSame([refused.status, refused.headers.get('access-control-allow-origin')], [401, origin], 'and it can read why it is refused')
  t.equal((await ask('/fhir/Patient', { Origin: origin, 'Hallpass-Key': key() })).headers.get('hallpass-error'), 'sign-in-required')
})

t.test('a container calls by another name and with the key', async t => {
  const { daemon, key } = await locked(t, { 'access-hosts': 'host.docker.internal' })
  const { sendRaw } = await import('../fixtures/raw-http.ts')
  const ask = (host: string, field = '') =>
    sendRaw(daemon.port, `GET /fhir/Patient HTTP/1.1\r\nHost: ${host}\r\nHallpass-Interactive: never\r\n${field}\r\n`)
  const named = `host.docker.internal:${daemon.port}`
  t.equal((await ask(named, `Hallpass-Key: ${key()}\r\n`))?.fields.get('hallpass-error'), 'sign-in-required')
  t.equal((await ask(named))?.fields.get('hallpass-error'), 'key-required')
  t.equal((await ask('other.internal', `Hallpass-Key: ${key()}\r\n`))?.fields.get('hallpass-error'), 'host-refused')
  t.equal(
    (await ask(named, `Hallpass-Key: ${key()}\r\nHallpass-Key: ${key()}\r\n`))?.fields.get('hallpass-error'),
    'key-required',
    'sent twice',
  )
})

t.test('a key is compared in constant time, whatever its length', async t => {
  const key = callerKey('a'.repeat(43))
  t.ok(key.matches('a'.repeat(43)))
  for (const sent of [
    undefined,
    '',
    'a',
    'A'.repeat(43),
    'a'.repeat(42),
    'a'.repeat(44),
    'a'.repeat(10_000),
    'ä'.repeat(43),
    'a'.repeat(43),
  ])
    t.strictSame(
      comparisonsIn(() => t.equal(key.matches(sent), sent === key.reveal())),
      [[32, 32]],
      'by a digest, once',
    )
})

t.test('when a key is needed, and what else remains open', async t => {
  for (const [setting, state, others, needed] of [
    ['auto', 'on', 5, false],
    ['auto', 'unavailable', 1, true],
    ['auto', 'off', 1, true],
    ['auto', 'unavailable', 0, false],
    ['auto', 'unavailable', undefined, false],
    ['required', 'on', 0, true],
    ['off', 'unavailable', 5, false],
  ] as const)
    t.equal(needsKey(setting, { state }, others), needed, `${setting}, ${state}, ${others} others`)

  const users =
    'root:x:0:0::/root:/bin/bash\nada:x:1000:1000::/home/ada:/bin/bash\nben:x:1001:1001::/home/ben:/bin/zsh\nftp:x:1002:1002::/:/usr/sbin/nologin\ngit:x:1003:1003::/:/bin/false\nnobody:x:65534:65534::/:/bin/sh\nsvc:x:101:101::/:/bin/bash\ndir:x:200001:1::/home/dir:/bin/bash\nbroken\n'
  t.equal(await countOtherPeople(1000, async () => users), 2, 'people with a shell, of a directory too')
  t.equal(await countOtherPeople(undefined, async () => users), undefined)
  const absent = async () => {
    throw Object.assign(new Error('no getent'), { code: 'ENOENT' })
  }
  t.equal(await countOtherPeople(1000, absent), undefined)
  t.type(await countOtherPeople(1000), 'number', 'this machine tells')

  const risks = (more: object) =>
    remainingRisks({
      peerCheck: { state: 'on', peers: { mode: 'strict', ownUid: 1000, ownerOf: async () => undefined } },
      ...{
        keyRequired: false,
        otherPeople: 0,
        platform: 'linux',
        allowUids: [],
        core: { limits: 'Max core file size        0                    unlimited            bytes\n', filter: undefined },
      },
      ...more,
    }).join('\n')
  t.equal(risks({}), '')
  const unchecked = { state: 'unavailable', peers: { mode: 'none' } }
  t.match(
    risks({ peerCheck: unchecked, otherPeople: 3 }),
    /^The 3 other people on this machine can send requests with your sign-in.*access.*key.*required/,
  )
  t.match(
    risks({ peerCheck: unchecked, otherPeople: undefined, platform: 'darwin' }),
    /^Whoever else can run programs here.*\nhallpass has not been tried/,
  )
  t.match(risks({ platform: 'win32' }), /^hallpass has not been tried/)
  t.equal(risks({ peerCheck: unchecked, otherPeople: 3, keyRequired: true }), '')
  t.match(risks({ peerCheck: { state: 'on', peers: { mode: 'lenient' } } }), /^Any Windows program/)
  t.match(risks({ allowUids: [0, 1001] }), /^Programs of the users 0, 1001/)
  const limits = 'Max core file size        unlimited            unlimited            bytes\n'
  t.match(risks({ core: { limits, filter: '00000033\n' } }), /core file.*ulimit -c 0/)
  t.equal(risks({ core: { limits, filter: '00000000\n' } }), '', 'a core file without memory in it')
})
