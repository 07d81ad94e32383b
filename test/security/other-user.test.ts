// Requirements 5 and 6: of another user's requests none is forwarded, of our own all are; and root is nobody special.
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { gather } from '../fixtures/crowd.ts'
import { type Family, knock, type Style } from '../fixtures/knocking.ts'
import { type Composed, startBoth } from '../harness/composed.ts'
import { record } from '../harness/figures.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

const full = Boolean(process.env.HALLPASS_TEST_FULL)
/** Requests of each kind; 10,000 are split over the ways of connecting and of leaving. */
const tries = full ? 10_000 : 360
const families: Family[] = ['v4', 'v6', 'mapped']
const styles: Style[] = ['held', 'closed', 'reset', 'exited']
const own = process.geteuid?.() ?? -1
/** Users that no machine has. */
const [stranger, neighbour] = [61_001, 61_002]

if (own !== 0) {
  const what = 'only root can be several users: run this suite as root'
  if (process.env.CI) t.fail(what)
  else t.pass(what)
  process.exit()
}

async function signedIn(t: Test, flags: Record<string, string> = {}): Promise<Composed> {
  const both = await startBoth(t, { flags })
  const waiting = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  await signInByForm(await both.opening())
  await (await waiting).text()
  return both
}

const asked = (both: Composed, name: string) => both.exchanges.filter(({ target }) => target.includes(name)).length

/** Connections are taken in turn, and none is looked up more often than three times: after these, all before them are judged. */
async function settle({ daemon }: Composed): Promise<void> {
  for (let round = 0; round < 5; round++)
    for (const host of ['127.0.0.1', '[::1]']) {
      const answer = await fetch(`http://${host}:${daemon.port}/-/health/live`, { headers: { Connection: 'close' } })
      await answer.text()
    }
}

t.test(`0 of ${tries} requests of another user are forwarded, however they arrive and leave`, { timeout: 600_000 }, async t => {
  const both = await signedIn(t)
  const count = Math.ceil(tries / (families.length * styles.length))
  for (const family of families)
    for (const style of styles) {
      const seen = await knock({ port: both.daemon.port, uid: stranger, style, family, count, path: '/fhir/Patient?_tag=stranger' })
      if (style === 'held') t.strictSame(seen, { 403: count }, `${family}, held: each is told why`)
      else t.notOk(seen['200'], `${family}, ${style}: none is served`)
    }
  await settle(both)
  t.equal(asked(both, 'stranger'), 0, 'nothing reached the service')
  record(
    'requests of another user, over all ways to connect and to leave',
    count * families.length * styles.length,
    `${asked(both, 'stranger')} forwarded`,
  )
  both.clock.advance(10_000)
  const refused = both.events.flatMap(event => (event.event === 'connections-refused' ? [event] : []))
  t.ok(refused.every(({ code }) => code === 'peer-refused' || code === 'peer-unknown'))
  const judged = refused.reduce((sum, { count }) => sum + count, 0)
  t.ok(judged >= count * families.length, `${judged} of them came as far as being judged`)
  t.ok(refused.length < 4, 'and the log has a line for many')
})

t.test(`${tries} of ${tries} of our own are`, { timeout: 600_000 }, async t => {
  const both = await signedIn(t)
  const count = Math.ceil(tries / families.length)
  for (const family of families) {
    const seen = await knock({ port: both.daemon.port, uid: own, style: 'held', family, count, path: '/fhir/Patient?_tag=own' })
    t.strictSame(seen, { 200: count }, family)
  }
  t.equal(asked(both, 'own'), count * families.length)
  record('requests of one’s own user, each on a connection of its own', count * families.length, `${asked(both, 'own')} forwarded`)
})

t.test('a further user is served when the configuration names it, and only that one', async t => {
  const both = await signedIn(t, { 'access-allow-uids': String(stranger) })
  const ask = (uid: number) =>
    knock({ port: both.daemon.port, uid, style: 'held', family: 'v4', count: 5, path: '/fhir/Patient?_tag=named' })
  t.strictSame(await ask(stranger), { 200: 5 })
  t.strictSame(await ask(neighbour), { 403: 5 })
})

t.test('what another user is told: the rule, and the setting; nothing is sent to the identity provider, no browser opens', async t => {
  const both = await startBoth(t)
  const { port } = both.daemon
  await knock({ port, uid: stranger, style: 'held', family: 'v4', count: 3, path: '/fhir/Patient' })
  await knock({ port, uid: stranger, style: 'held', family: 'v6', count: 3, path: '/-/sign-in' })
  await settle(both)
  t.strictSame([both.opened, both.exchanges], [[], []])
  both.clock.advance(10_000)
  t.match(
    both.events.filter(event => event.event !== 'sign-in-started'),
    [1, 5].map(count => ({ event: 'connections-refused', code: 'peer-refused', count, remedy: /access\.allowUids/ })),
  )
})

t.test('a crowd of another user takes no place from us: whoever comes anew is served (requirement 24)', { timeout: 600_000 }, async t => {
  const both = await signedIn(t, { 'max-connections': '8' })
  const { port } = both.daemon
  const asks = full ? 200 : 25
  await Promise.all(['127.0.0.1', '::1'].map(host => gather(t, { port, uid: stranger, count: full ? 3_000 : 200, host })))
  for (const family of ['v4', 'v6'] as const) {
    const seen = await knock({ port, uid: own, style: 'held', family, count: asks, path: '/fhir/Patient?_tag=own', parallel: 4 })
    t.strictSame(seen, { 200: asks }, family)
  }
  record(
    'a crowd of another user that comes again and again, more than we hold',
    full ? 6_000 : 400,
    `${2 * asks} of ${2 * asks} of our own served, each on a new connection`,
  )
})

t.test('what another user sends is not even parsed: who comes anew is served meanwhile (requirement 24)', { timeout: 120_000 }, async t => {
  const both = await signedIn(t)
  const { port } = both.daemon
  const saying = 'GET /fhir/Patient HTTP/1.1\\r\\nHost: elsewhere\\r\\n\\r\\n'
  await gather(t, { port, uid: stranger, count: 4, host: '127.0.0.1', saying })
  const asks = full ? 500 : 25
  const seen = await knock({ port, uid: own, style: 'held', family: 'v4', count: asks, path: '/fhir/Patient?_tag=own', parallel: 1 })
  t.strictSame(seen, { 200: asks })
  t.notOk(both.events.some(({ event }) => event === 'request-refused'))
  record(
    'connections of another user that pipeline requests as fast as they can',
    4,
    `${asks} of ${asks} of our own served, each on a new connection`,
  )
})

/** A guarded server of this user. What it runs is copied to where everybody may read. */
async function guardedServer(t: Test, uid: number, host: string, allowed: number[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'hallpass-guarded-'))
  chmodSync(folder, 0o755)
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const room of ['guard', 'errors', 'terms']) cpSync(`dist/src/${room}`, join(folder, 'src', room), { recursive: true })
  cpSync('dist/test/fixtures/guarded-process.js', join(folder, 'test', 'fixtures', 'guarded-process.js'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const program = join(folder, 'test/fixtures/guarded-process.js')
  const child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, program, host, ...allowed.map(String)], {
    cwd: '/',
    uid,
    gid: uid,
    env: { PATH: process.env.PATH },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => child.stdin.end())
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  const [first = ''] = await new Promise<string[]>(resolve => {
    reader.once('line', line => {
      reader.on('line', more => lines.push(more))
      resolve([line])
    })
  })
  return { port: Number(first.split(' ')[1]), state: first.split(' ')[0], lines }
}

t.test('a daemon of an ordinary user: root gets nothing, and whoever has gone is not taken for root', { timeout: 600_000 }, async t => {
  const count = full ? 400 : 20
  const hosts: [string, Family[]][] = [
    ['127.0.0.1', ['v4', 'mapped']],
    ['::1', ['v6']],
    ['::', ['v4', 'v6', 'mapped']],
  ]
  const verdicts = new Set<string>()
  for (const [host, families] of hosts) {
    const { port, state, lines } = await guardedServer(t, stranger, host)
    t.equal(state, 'on')
    for (const family of families) {
      for (const style of styles) {
        const seen = await knock({ port, uid: 0, style, family, count, path: '/' })
        if (style === 'held') t.strictSame(seen, { 403: count }, `root at ${host} by ${family}`)
      }
      const seen = await knock({ port, uid: stranger, style: 'held', family, count, path: '/' })
      t.strictSame(seen, { 200: count }, `its own user at ${host} by ${family}`)
      t.equal(lines.filter(line => line === 'served').length, count, 'nobody else was served')
      for (const line of lines.splice(0)) verdicts.add(line)
    }
  }
  t.ok(verdicts.has('peer-unknown'), 'whoever has gone is nobody, though the kernel says uid 0')
})

t.test('root is served by an ordinary user’s daemon when it is named, as for a relay of root’s', async t => {
  const { port } = await guardedServer(t, stranger, '127.0.0.1', [0])
  t.strictSame(await knock({ port, uid: 0, style: 'held', family: 'v4', count: 5, path: '/' }), { 200: 5 })
  t.strictSame(await knock({ port, uid: neighbour, style: 'held', family: 'v4', count: 5, path: '/' }), { 403: 5 })
})
